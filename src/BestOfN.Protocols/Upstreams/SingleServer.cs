using System.Net;
using System.Net.Http.Headers;

namespace BestOfN.Protocols.Upstreams;

/// <summary>One server at one address, for programs that have no cluster. Thread-safe.</summary>
public sealed class SingleServer : IUpstreamDestinations, IDisposable
{
    private readonly HttpClient _client;
    private readonly Uri _address;
    private readonly string? _apiKey;

    /// <param name="address">Its address; a path of it comes before that of every call.</param>
    /// <param name="apiKey">Sent as a bearer token; null: none is.</param>
    /// <exception cref="ArgumentException">The key can be no header.</exception>
    public SingleServer(Uri address, string? apiKey)
    {
        ArgumentNullException.ThrowIfNull(address);
        _address = new Uri(address.GetLeftPart(UriPartial.Path).TrimEnd('/'));
        _apiKey = string.IsNullOrEmpty(apiKey) ? null : apiKey;
        if (_apiKey is not null && _apiKey.Any(c => c is < '!' or > '~'))
        {
            throw new ArgumentException("The key has characters that cannot be sent.", nameof(apiKey));
        }

        // The time of a call is limited by the caller.
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public IUpstreamDestination Acquire(IReadOnlyCollection<string> avoid) => new Call(this);

    public void Dispose() => _client.Dispose();

    private sealed class Call(SingleServer server) : IUpstreamDestination
    {
        public string Name => server._address.Authority;

        public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(request);
            request.RequestUri = new Uri(server._address.AbsoluteUri.TrimEnd('/') + request.RequestUri!.OriginalString);
            request.Version = HttpVersion.Version11;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher;
            request.Headers.Authorization = server._apiKey is null ? null : new AuthenticationHeaderValue("Bearer", server._apiKey);
            return server._client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }

        public void Report(bool served) { }

        public void Dispose() { }
    }
}
