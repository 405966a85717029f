using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Configuration.ClusterValidators;

namespace BestOfN.Gateway.Upstream;

/// <summary>Checks our part of a cluster together with YARP's, so that all errors are shown at once.</summary>
internal sealed class ClusterSettingsValidator : IClusterValidator
{
    public ValueTask ValidateAsync(ClusterConfig cluster, IList<Exception> errors)
    {
        ClusterSettings.Read(cluster, message => errors.Add(new ArgumentException(message)));
        return ValueTask.CompletedTask;
    }
}
