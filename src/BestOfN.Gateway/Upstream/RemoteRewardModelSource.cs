using System.Collections.Concurrent;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Inputs.Templates.Written;
using BestOfN.Protocols.Rewards;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Upstream;

/// <summary>Reward models on other servers, behind a YARP cluster.</summary>
internal sealed class RemoteRewardModelSource(UpstreamGenerators upstreams, IOptions<UpstreamOptions> options, TimeProvider time)
    : IRewardModelSource, IDisposable
{
    private readonly ConcurrentBag<UpstreamClient> _clients = [];

    public bool Opens(RewardModelOptions options) => options.Protocol is not null;

    public IEnumerable<(string Setting, string Problem)> Check(RewardModelOptions options)
    {
        if (string.IsNullOrEmpty(options.Cluster))
        {
            yield return (nameof(options.Cluster), "must name a cluster under ReverseProxy:Clusters.");
        }

        if (options.Path.Length > 0)
        {
            yield return (nameof(options.Path), "is for reward models in process only.");
        }

        if (options.Template is not null && options.Protocol is "rerank")
        {
            yield return (nameof(options.Template), "means nothing for a rerank route, which is sent question and answers.");
        }
    }

    public IRewardModel Open(string name, RewardModelOptions options)
    {
        var client = new UpstreamClient(upstreams.DestinationsOf(options.Cluster!), Options, time);
        _clients.Add(client);
        return new RemoteRewardModel(name, client, ProtocolOf(options), options.UpstreamModel, time);
    }

    public void Dispose()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }
    }

    /// <summary>The protocol that the settings name.</summary>
    public static IRewardProtocol ProtocolOf(RewardModelOptions options) =>
        RewardProtocols.Of(options.Protocol!, options.Template, options.UpstreamModel, WrittenText.Write);

    private UpstreamOptions Options => options.Value;
}
