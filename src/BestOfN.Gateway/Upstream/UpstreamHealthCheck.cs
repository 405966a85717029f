using Microsoft.Extensions.Diagnostics.HealthChecks;
using Yarp.ReverseProxy;

namespace BestOfN.Gateway.Upstream;

/// <summary>Ready while every cluster has a destination that health checks have not ruled out.</summary>
internal sealed class UpstreamHealthCheck(IProxyStateLookup proxy) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var lost = proxy.GetClusters().Where(cluster => cluster.DestinationsState.AvailableDestinations.Count == 0).Select(cluster => cluster.ClusterId).ToArray();
        return Task.FromResult(lost.Length == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"No destination is available in: {string.Join(", ", lost)}."));
    }
}
