using BestOfN.Gateway.Configuration;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Configuration.ClusterValidators;

namespace BestOfN.Gateway.Upstream;

/// <summary>Checks our part of a cluster together with YARP's, so that all errors are shown at once.</summary>
internal sealed class ClusterSettingsValidator(IConfiguration configuration) : IClusterValidator
{
    public ValueTask ValidateAsync(ClusterConfig cluster, IList<Exception> errors)
    {
        ClusterSettings.Read(cluster, message => errors.Add(new ArgumentException(message)));
        if (ClusterSettings.Read(cluster).ForwardAuthorization && !string.IsNullOrEmpty(configuration[BestOfNOptions.KeysVariable]))
        {
            errors.Add(new ArgumentException(
                $"ReverseProxy:Clusters:{cluster.ClusterId}:Metadata:ForwardAuthorization: would send the keys of "
                    + $"{BestOfNOptions.KeysVariable} to the upstream; give it a key of its own with ApiKeyVariable."));
        }

        return ValueTask.CompletedTask;
    }
}
