using BestOfN.Testing.Upstream;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace BestOfN.Gateway.Tests.Sdk;

/// <summary>The whole gateway on a loopback port of its own, as it is configured for users.</summary>
internal sealed class SocketGateway : IAsyncDisposable
{
    private readonly WebApplicationFactory<Program> _factory;

    /// <param name="services">Services to replace; null: none, so that the pocket models answer.</param>
    /// <param name="settings">Settings that differ from the defaults.</param>
    public SocketGateway(Action<IServiceCollection>? services = null, params (string Path, string Value)[] settings)
    {
        _factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            host.UseContentRoot(AppContext.BaseDirectory);
            host.UseSetting(WebHostDefaults.ServerUrlsKey, "http://127.0.0.1:0");
            foreach (var (path, value) in settings)
            {
                host.UseSetting(path, value);
            }

            host.ConfigureTestServices(services ?? (_ => { }));
        });
        _factory.UseKestrel(0);
        _factory.StartServer();
        var address = _factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Endpoint = new Uri(new Uri(address), "/v1");
    }

    public Uri Endpoint { get; }

    public IServiceProvider Services => _factory.Services;

    /// <summary>Settings for a model <c>remote</c> behind this upstream.</summary>
    public static (string Path, string Value)[] Before(OpenAIUpstream upstream) =>
    [
        ("BestOfN:Models:remote:Generator", "upstream"), ("BestOfN:Models:remote:Cluster", "c"),
        ("BestOfN:Models:remote:RewardModel", "pocket-reward"),
        ("BestOfN:Models:remote:UpstreamModel", "org/remote"),
        ("ReverseProxy:Clusters:c:Destinations:d:Address", upstream.Address.ToString()),
    ];

    public ValueTask DisposeAsync() => _factory.DisposeAsync();
}
