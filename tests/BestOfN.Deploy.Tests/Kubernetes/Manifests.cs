using k8s;

namespace BestOfN.Deploy.Tests.Kubernetes;

/// <summary>Manifests as objects; a field that Kubernetes does not know is an exception.</summary>
internal static class Manifests
{
    private static readonly Dictionary<string, Type> s_others =
        new() { ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(ServiceMonitor) };

    public static string[] Overlays { get; } =
        [.. Directory.EnumerateDirectories(DeployFiles.PathOf("deploy/kubernetes/overlays")).Order(StringComparer.Ordinal)];

    public static List<object> Read(string yaml) => KubernetesYaml.LoadAllFromString(yaml, s_others, strict: true);

    /// <summary>What <c>kubectl kustomize</c> makes of an overlay.</summary>
    public static async Task<List<object>> BuildAsync(string overlay)
    {
        Tool.SkipWithout("kubectl");
        var (exitCode, output) = await Tool.RunAsync("kubectl", "kustomize", overlay);
        Assert.True(exitCode == 0, output);
        return Read(output);
    }

    /// <returns>Kind and name.</returns>
    public static (string Kind, string Name) Identity(object resource) => resource switch
    {
        IKubernetesObject<k8s.Models.V1ObjectMeta> known => (known.Kind, known.Metadata.Name),
        ServiceMonitor monitor => (monitor.Kind, monitor.Metadata.Name),
        _ => throw new ArgumentException($"{resource.GetType()} is not a resource."),
    };
}
