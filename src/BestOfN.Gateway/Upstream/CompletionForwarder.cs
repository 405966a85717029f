using System.Text;
using System.Text.Json.Nodes;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Gateway.Models;
using BestOfN.Gateway.Selection.Fields;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace BestOfN.Gateway.Upstream;

/// <summary>
/// Passes the older completions route on to a destination of the model's cluster, chosen as for a chat request, under the name the model
/// has there.
/// </summary>
internal sealed class CompletionForwarder(
    UpstreamGenerators upstreams, IHttpForwarder forwarder, ITransformBuilder transforms, IOptions<UpstreamOptions> options)
{
    public async Task ForwardAsync(HttpContext context, ServedModel model, ReadOnlyMemory<byte> body)
    {
        var destinations = upstreams.DestinationsOf(model.Options.Cluster!);
        var renamed = Renamed(body, model);
        HashSet<string> unreachable = [];
        var isAnswered = false;
        while (!isAnswered)
        {
            using var destination = destinations.Acquire(unreachable)
                ?? throw new GenerationFailedException(new Failure(FailureKind.Unavailable, "No upstream is available.")
                {
                    RetryAfter = options.Value.CircuitBreak,
                });

            // Where none is left, the answer is what was found at the last one.
            isAnswered = unreachable.Contains(destination.Name)
                || await destination.TryForwardAsync(context, renamed, forwarder, Transformer(destination));
            unreachable.Add(destination.Name);
        }
    }

    /// <summary>The upstream is told the same of the client as on a passed-through route, by the same code.</summary>
    private HttpTransformer Transformer(ClusterDestination destination) => transforms.Create(route =>
    {
        UpstreamServices.ReplaceClient(route, destination.Settings);
        route.AddRequestTransform(request =>
        {
            request.ProxyRequest.Headers.Host = destination.Host;
            return ValueTask.CompletedTask;
        });
    });

    private static byte[] Renamed(ReadOnlyMemory<byte> body, ServedModel model)
    {
        var request = JsonNode.Parse(body.Span, documentOptions: new() { MaxDepth = RequestObject.MaxDepth })!.AsObject();
        request["model"] = model.Options.UpstreamModel ?? model.Name;
        request.Remove("best_of_n"); // the gateway's own, and satisfied
        return Encoding.UTF8.GetBytes(request.ToJsonString());
    }
}
