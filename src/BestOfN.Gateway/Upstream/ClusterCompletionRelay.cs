using System.Text.Json.Nodes;
using BestOfN.Core.Generation;
using BestOfN.Gateway.Catalog;
using BestOfN.Gateway.Completions;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Forwarder;

namespace BestOfN.Gateway.Upstream;

/// <summary>Passes the older completions route on to a destination of the model's cluster, under the name the model has there.</summary>
internal sealed class ClusterCompletionRelay(IHttpForwarder forwarder, IProxyStateLookup proxy) : ICompletionRelay
{
    public async Task RelayAsync(HttpContext context, ServedModel model)
    {
        if (!proxy.TryGetCluster(model.Options.Cluster!, out var cluster) || cluster.DestinationsState.AvailableDestinations is not [var destination, ..])
        {
            throw new GenerationFailedException("No upstream is available.") { StatusCode = StatusCodes.Status503ServiceUnavailable };
        }

        if (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) is JsonObject body)
        {
            body["model"] = model.Options.UpstreamModel ?? model.Name;
            var bytes = System.Text.Encoding.UTF8.GetBytes(body.ToJsonString());
            context.Request.Body = new MemoryStream(bytes, writable: false);
            context.Request.ContentLength = bytes.Length;
        }

        await forwarder.SendAsync(
            context, destination.Model.Config.Address, cluster.Model.HttpClient, ForwarderRequestConfig.Empty,
            new CredentialsTransformer(ClusterSettings.Read(cluster.Model.Config)));
    }

    private sealed class CredentialsTransformer(ClusterSettings settings) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            UpstreamServices.ReplaceCredentials(httpContext, proxyRequest, settings);
        }
    }
}
