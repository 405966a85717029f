using System.Net;
using BestOfN.Protocols.Upstreams;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;

namespace BestOfN.Gateway.Upstream;

/// <summary>Sees to it that no client reads, in an answer that passes through, the gateway's own key for the upstream.</summary>
internal static class MaskedContent
{
    /// <summary>An answer that is to be searched has to come uncompressed.</summary>
    public static void AskPlain(HttpRequestMessage request)
    {
        request.Headers.AcceptEncoding.Clear();
        request.Headers.AcceptEncoding.Add(new("identity"));
    }

    /// <summary>Covers the key in the body and drops headers that repeat it. A connection, as for WebSockets, has no body.</summary>
    /// <param name="answer">The answer; its headers have been copied to the client's response already.</param>
    /// <param name="key">The key.</param>
    public static async Task CoverAsync(ResponseTransformContext answer, string key)
    {
        var response = answer.HttpContext.Response;
        foreach (var header in response.Headers.Where(header => header.Value.ToString().Contains(key, StringComparison.Ordinal)).ToList())
        {
            response.Headers.Remove(header.Key);
        }

        var isConnection = answer.ProxyResponse?.StatusCode is HttpStatusCode.SwitchingProtocols
            || answer.HttpContext.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };
        if (answer.ProxyResponse is not { } proxied || isConnection)
        {
            return;
        }

        if (proxied.Content.Headers.ContentEncoding.Count > 0)
        {
            response.Headers.ContentEncoding = default;
            response.Headers.ContentLength = null;
        }

        proxied.Content = new StreamContent(await UpstreamContent.OpenAsync(proxied.Content, key, answer.CancellationToken));
    }
}
