using System.Collections.Concurrent;
using BestOfN.Core.Generation;
using BestOfN.Protocols.OpenAI;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;

namespace BestOfN.Gateway.Upstream;

/// <summary>One generator for each YARP cluster, made when first asked for. It remembers what it has learnt about its upstream.</summary>
internal sealed class UpstreamGenerators(
    IProxyStateLookup proxy,
    IEnumerable<ILoadBalancingPolicy> loadBalancing,
    IEnumerable<IPassiveHealthCheckPolicy> passiveHealth,
    IHttpContextAccessor http,
    IOptions<UpstreamOptions> options,
    TimeProvider time,
    ILogger<OpenAIGenerator> logger) : IDisposable
{
    private readonly ConcurrentDictionary<
        (string Cluster, ChoiceCalls Choices), Lazy<(UpstreamClient Client, OpenAIGenerator Generator)>> _made = new();

    /// <exception cref="InvalidOperationException">There is no such cluster.</exception>
    public IGenerator For(string clusterId)
    {
        if (!proxy.TryGetCluster(clusterId, out var cluster))
        {
            throw new InvalidOperationException($"There is no cluster '{clusterId}' under ReverseProxy:Clusters.");
        }

        // The choices are part of the key because configuration can be reloaded.
        return _made.GetOrAdd(
            (clusterId, ClusterSettings.Read(cluster.Model.Config).Choices),
            key => new(() => Make(key.Cluster, key.Choices))).Value.Generator;
    }

    /// <summary>The destinations of a cluster; none where there is no such cluster.</summary>
    public ClusterDestinations DestinationsOf(string clusterId) => new(clusterId, proxy, loadBalancing, passiveHealth, http);

    public void Dispose()
    {
        foreach (var made in _made.Values)
        {
            made.Value.Client.Dispose();
        }
    }

    private (UpstreamClient, OpenAIGenerator) Make(string clusterId, ChoiceCalls choices)
    {
        var client = new UpstreamClient(DestinationsOf(clusterId), options.Value, time);
        return (client, new OpenAIGenerator(client, choices, time, logger));
    }
}
