using BestOfN.Protocols.Upstreams;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>A gateway in memory as the only destination of an upstream.</summary>
internal sealed class GatewayDestinations(HttpClient client) : IUpstreamDestinations
{
    public int Calls { get; private set; }

    public IUpstreamDestination Acquire(IReadOnlyCollection<string> avoid) => new Destination(this, client);

    private sealed class Destination(GatewayDestinations owner, HttpClient client) : IUpstreamDestination
    {
        public string Name => "gateway";

        public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            owner.Calls++;
            request.RequestUri = new Uri(client.BaseAddress!, request.RequestUri!);
            return client.SendAsync(request, cancellationToken);
        }

        public void Report(bool served)
        {
        }

        public void Dispose()
        {
        }
    }
}
