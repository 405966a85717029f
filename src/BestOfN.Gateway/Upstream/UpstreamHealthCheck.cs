using Microsoft.Extensions.Diagnostics.HealthChecks;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace BestOfN.Gateway.Upstream;

/// <summary>Ready while every cluster has a destination that no health check, active or passive, calls unhealthy.</summary>
/// <remarks>It looks at the destinations' own states, for which of them are called in spite of theirs is a policy of the cluster.</remarks>
internal sealed class UpstreamHealthCheck(IProxyStateLookup proxy) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var lost = proxy.GetClusters().Where(cluster => !cluster.DestinationsState.AllDestinations.Any(IsSound))
            .Select(cluster => cluster.ClusterId).ToArray();
        return Task.FromResult(lost.Length == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"No destination is healthy in: {string.Join(", ", lost)}."));
    }

    private static bool IsSound(DestinationState destination) =>
        destination.Health is { Active: not DestinationHealth.Unhealthy, Passive: not DestinationHealth.Unhealthy };
}
