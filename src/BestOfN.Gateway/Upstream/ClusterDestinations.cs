using BestOfN.Protocols.Upstreams;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace BestOfN.Gateway.Upstream;

/// <summary>A YARP cluster as the generator sees it: its healthy destinations, chosen by its own load balancing policy.</summary>
internal sealed class ClusterDestinations(
    string clusterId,
    IProxyStateLookup proxy,
    IEnumerable<ILoadBalancingPolicy> loadBalancing,
    IEnumerable<IPassiveHealthCheckPolicy> passiveHealth,
    IHttpContextAccessor http) : IUpstreamDestinations
{
    IUpstreamDestination? IUpstreamDestinations.Acquire(IReadOnlyCollection<string> avoid) => Acquire(avoid);

    /// <inheritdoc cref="IUpstreamDestinations.Acquire"/>
    public ClusterDestination? Acquire(IReadOnlyCollection<string> avoid)
    {
        if (!proxy.TryGetCluster(clusterId, out var cluster))
        {
            return null;
        }

        var available = cluster.DestinationsState.AvailableDestinations;
        var preferred = avoid.Count == 0 ? available : available.Where(destination => !avoid.Contains(destination.DestinationId)).ToArray();
        var among = preferred.Count > 0 ? preferred : available;
        return Pick(cluster, among) is { } picked
            ? new ClusterDestination(cluster, picked, PassiveHealthOf(cluster), http.HttpContext)
            : null;
    }

    private DestinationState? Pick(ClusterState cluster, IReadOnlyList<DestinationState> among)
    {
        if (among.Count < 2)
        {
            return among.Count == 0 ? null : among[0];
        }

        // A policy may look at the request; outside of one there is none to look at.
        var name = cluster.Model.Config.LoadBalancingPolicy ?? LoadBalancingPolicies.PowerOfTwoChoices;
        return loadBalancing.First(policy => Is(policy.Name, name))
            .PickDestination(http.HttpContext ?? new DefaultHttpContext(), cluster, among);
    }

    private IPassiveHealthCheckPolicy? PassiveHealthOf(ClusterState cluster)
    {
        if (cluster.Model.Config.HealthCheck?.Passive is not { Enabled: true } configured)
        {
            return null;
        }

        var name = configured.Policy ?? HealthCheckConstants.PassivePolicy.TransportFailureRate;
        return passiveHealth.First(policy => Is(policy.Name, name));
    }

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
}
