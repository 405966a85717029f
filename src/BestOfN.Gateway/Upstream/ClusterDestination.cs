using System.Net;
using System.Runtime.CompilerServices;
using BestOfN.Gateway.Access;
using BestOfN.Protocols.Upstreams;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.Model;

namespace BestOfN.Gateway.Upstream;

/// <summary>One destination of a YARP cluster, busy until disposed. Calls it with the cluster's own HTTP client and credentials.</summary>
internal sealed class ClusterDestination : IUpstreamDestination
{
    private const string Counter = "Yarp.ReverseProxy.Utilities.AtomicCounter, Yarp.ReverseProxy";

    private readonly ClusterModel _cluster;
    private readonly ClusterState _clusterState;
    private readonly DestinationState _destination;
    private readonly IPassiveHealthCheckPolicy? _passiveHealth;
    private readonly HttpContext? _client;
    private int _isFree;

    public ClusterDestination(
        ClusterState cluster, DestinationState destination, IPassiveHealthCheckPolicy? passiveHealth, HttpContext? client)
    {
        _clusterState = cluster;
        _cluster = cluster.Model;
        _destination = destination;
        _passiveHealth = passiveHealth;
        _client = client;
        Increment(ConcurrencyCounterOf(destination));
    }

    public string Name => _destination.DestinationId;

    public ClusterSettings Settings => ClusterSettings.Read(_cluster.Config);

    /// <summary>The Host header that the destination wants; null: that of its address.</summary>
    public string? Host => _destination.Model.Config.Host;

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var destination = _destination.Model.Config;
        request.RequestUri = RequestUtilities.MakeDestinationAddress(
            destination.Address, new PathString(request.RequestUri!.OriginalString), QueryString.Empty);
        request.Version = _cluster.Config.HttpRequest?.Version ?? HttpVersion.Version20;
        request.VersionPolicy = _cluster.Config.HttpRequest?.VersionPolicy ?? HttpVersionPolicy.RequestVersionOrLower;
        request.Headers.Host = Host;
        if (Settings.Authorization(_client) is { } authorization)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        RequestId.Send(_client, request);
        return _cluster.HttpClient.SendAsync(request, cancellationToken);
    }

    /// <summary>
    /// Has a client's request answered here, with all that is particular to it but its credentials and the host it named.
    /// </summary>
    /// <param name="context">The client's request. Its response may bear the status of an earlier attempt.</param>
    /// <param name="body">What takes the place of its body.</param>
    /// <param name="forwarder">YARP's.</param>
    /// <param name="transformer">What becomes of the client's headers.</param>
    /// <returns>False if there was no connection, so that another destination may be tried. Until one is, the response has the status that
    /// says so.</returns>
    public async Task<bool> TryForwardAsync(HttpContext context, byte[] body, IHttpForwarder forwarder, HttpTransformer transformer)
    {
        context.Features.Set<IForwarderErrorFeature>(null);
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Request.Body = new MemoryStream(body, writable: false);
        context.Request.ContentLength = body.Length;
        await forwarder.SendAsync(
            context, _destination.Model.Config.Address, _cluster.HttpClient, _cluster.Config.HttpRequest ?? ForwarderRequestConfig.Empty,
            transformer);
        _passiveHealth?.RequestProxied(context, _clusterState, _destination);
        return context.GetForwarderErrorFeature() is not
        {
            Exception: HttpRequestException
            {
                HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                    or HttpRequestError.SecureConnectionError,
            },
        };
    }

    public void Report(bool served)
    {
        if (_passiveHealth is null)
        {
            return;
        }

        // YARP's policies read the outcome of a call from the context of a proxied request.
        var proxied = new DefaultHttpContext();
        if (!served)
        {
            proxied.Features.Set<IForwarderErrorFeature>(new LostCall());
        }

        _passiveHealth.RequestProxied(proxied, _clusterState, _destination);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isFree, 1) == 0)
        {
            Decrement(ConcurrencyCounterOf(_destination));
        }
    }

    // Load balancing goes by these counters. YARP moves them atomically but shows only a plain setter ("for testing"), which would lose
    // updates.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_ConcurrencyCounter")]
    [return: UnsafeAccessorType(Counter)]
    private static extern object ConcurrencyCounterOf(DestinationState destination);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "Increment")]
    private static extern int Increment([UnsafeAccessorType(Counter)] object counter);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "Decrement")]
    private static extern int Decrement([UnsafeAccessorType(Counter)] object counter);

    private sealed class LostCall : IForwarderErrorFeature
    {
        public ForwarderError Error => ForwarderError.Request;

        public Exception? Exception => null;
    }
}
