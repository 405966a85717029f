using System.Text;
using System.Text.Json.Nodes;
using BestOfN.Core.Generation;
using BestOfN.Gateway.Catalog;
using BestOfN.Gateway.Completions;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace BestOfN.Gateway.Upstream;

/// <summary>Passes the older completions route on to a destination of the model's cluster, chosen as for a chat request, under the name the model has there.</summary>
internal sealed class ClusterCompletionRelay(UpstreamGenerators upstreams, IHttpForwarder forwarder, IOptions<UpstreamOptions> options) : ICompletionRelay
{
    public async Task RelayAsync(HttpContext context, ServedModel model)
    {
        var destinations = upstreams.DestinationsOf(model.Options.Cluster!);
        var body = await RenamedAsync(context, model);
        HashSet<string> unreachable = [];
        var isAnswered = false;
        while (!isAnswered)
        {
            using var destination = destinations.Acquire(unreachable)
                ?? throw new GenerationFailedException("No upstream is available.") 
                {
                    StatusCode = StatusCodes.Status503ServiceUnavailable,
                    RetryAfter = options.Value.CircuitBreak,
                };

            // Where none is left, the answer is what was found at the last one.
            isAnswered = unreachable.Contains(destination.Name) || await destination.TryForwardAsync(context, body, forwarder);
            unreachable.Add(destination.Name);
        }
    }

    private static async Task<byte[]> RenamedAsync(HttpContext context, ServedModel model)
    {
        var body = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
        body["model"] = model.Options.UpstreamModel ?? model.Name;
        return Encoding.UTF8.GetBytes(body.ToJsonString());
    }
}
