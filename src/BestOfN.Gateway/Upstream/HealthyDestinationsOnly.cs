using Yarp.ReverseProxy.Configuration;
using static Yarp.ReverseProxy.Health.HealthCheckConstants.AvailableDestinations;

namespace BestOfN.Gateway.Upstream;

/// <summary>
/// Calls no destination that a health check calls unhealthy, unless a cluster's <c>AvailableDestinationsPolicy</c> says otherwise.
/// </summary>
/// <remarks>YARP's own default calls all of them when none is healthy, so that checks would change nothing where they matter.</remarks>
internal sealed class HealthyDestinationsOnly : IProxyConfigFilter
{
    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel) =>
        new(cluster.HealthCheck is { AvailableDestinationsPolicy: null } health
            ? cluster with { HealthCheck = health with { AvailableDestinationsPolicy = HealthyAndUnknown } }
            : cluster);

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel) => new(route);
}
