namespace BestOfN.Protocols.Upstreams;

/// <summary>One replica for the length of one call. Its address, credentials and connections are the host's and stay there.</summary>
public interface IUpstreamDestination : IDisposable
{
    string Name { get; }

    /// <summary>Sends one request and returns at the response headers. Follows no redirect, keeps no cookie.</summary>
    /// <param name="request">Its URI is a path alone.</param>
    /// <param name="cancellationToken">Ends the wait for the headers; the body is the reader's.</param>
    Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken);

    /// <summary>
    /// Tells passive health checks how the call went. An answer with an error status is served too; a lost connection is not.
    /// </summary>
    void Report(bool served);
}
