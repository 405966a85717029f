using System.Collections.Concurrent;
using BestOfN.Protocols.Upstreams;

namespace BestOfN.Protocols.Tests.Upstreams;

/// <summary>Destinations in turn, over real sockets.</summary>
internal sealed class LoopbackDestinations(params IReadOnlyList<Uri> addresses) : IUpstreamDestinations, IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, ResponseDrainTimeout = TimeSpan.Zero });
    private int _next = -1;
    private int _busy;

    /// <summary>Acquired and not yet given back.</summary>
    public int Busy => Volatile.Read(ref _busy);

    /// <summary>The key that requests bear; null for none.</summary>
    public string? Key { get; set; }

    public ConcurrentQueue<(string Name, bool Served)> Reports { get; } = [];

    public IUpstreamDestination? Acquire(IReadOnlyCollection<string> avoid)
    {
        if (addresses.Count == 0)
        {
            return null;
        }

        var turn = Interlocked.Increment(ref _next);
        var inTurn = Enumerable.Range(0, addresses.Count).Select(i => addresses[(turn + i) % addresses.Count]).ToArray();
        var address = inTurn.FirstOrDefault(candidate => !avoid.Contains(candidate.ToString())) ?? inTurn[0];
        Interlocked.Increment(ref _busy);
        return new Destination(this, address);
    }

    public void Dispose() => _http.Dispose();

    private sealed class Destination(LoopbackDestinations owner, Uri address) : IUpstreamDestination
    {
        public string Name => address.ToString();

        public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(address, request.RequestUri!);
            request.Headers.Authorization = owner.Key is { } key ? new("Bearer", key) : null;
            return owner._http.SendAsync(request, cancellationToken);
        }

        public void Report(bool served) => owner.Reports.Enqueue((Name, served));

        public void Dispose() => Interlocked.Decrement(ref owner._busy);
    }
}
