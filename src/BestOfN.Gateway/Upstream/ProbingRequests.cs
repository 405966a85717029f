using System.Net;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace BestOfN.Gateway.Upstream;

/// <summary>
/// The requests of active health checks, with the key that the upstream asks for: hosted ones have no path that is open to all.
/// </summary>
internal sealed class ProbingRequests : IProbingRequestFactory
{
    public HttpRequestMessage CreateRequest(ClusterModel cluster, DestinationModel destination)
    {
        var check = cluster.Config.HealthCheck?.Active;
        var address = destination.Config.Health is { Length: > 0 } own ? own : destination.Config.Address;
        var request = new HttpRequestMessage(HttpMethod.Get,
            RequestUtilities.MakeDestinationAddress(
                address, new PathString(check?.Path), check?.Query is { Length: > 0 } query ? new QueryString(query) : default))
        {
            Version = cluster.Config.HttpRequest?.Version ?? HttpVersion.Version20,
            VersionPolicy = cluster.Config.HttpRequest?.VersionPolicy ?? HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Host = destination.Config.Host;
        request.Headers.UserAgent.ParseAdd("BestOfN.Gateway");
        if (ClusterSettings.Read(cluster.Config).Authorization(null) is { } authorization)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        return request;
    }
}
