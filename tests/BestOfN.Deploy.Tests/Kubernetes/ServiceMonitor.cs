using k8s.Models;

namespace BestOfN.Deploy.Tests.Kubernetes;

/// <summary>The Prometheus operator's resource, as far as the manifests use it: Kubernetes' own types do not have it.</summary>
public sealed class ServiceMonitor
{
    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public V1ObjectMeta Metadata { get; set; } = new();

    public Specification Spec { get; set; } = new();

    public sealed class Specification
    {
        public V1LabelSelector Selector { get; set; } = new();

        public IList<Endpoint> Endpoints { get; set; } = [];
    }

    public sealed class Endpoint
    {
        public string Port { get; set; } = "";

        public string Path { get; set; } = "";

        public string Interval { get; set; } = "";
    }
}
