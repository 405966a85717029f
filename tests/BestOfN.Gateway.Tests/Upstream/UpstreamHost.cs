using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Upstream;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy;

namespace BestOfN.Gateway.Tests.Upstream;

/// <summary>Upstreams and passthrough alone, in memory, calling out over real sockets.</summary>
internal sealed class UpstreamHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private UpstreamHost(WebApplication app) => _app = app;

    public HttpClient Client => _app.GetTestClient();

    public UpstreamGenerators Generators => _app.Services.GetRequiredService<UpstreamGenerators>();

    public IServiceProvider Services => _app.Services;

    /// <summary>A host whose cluster <c>c</c> has these destinations, named d0, d1, …</summary>
    public static Task<UpstreamHost> BeforeAsync(IEnumerable<Uri> destinations, params (string Key, string Value)[] settings) =>
        StartAsync([
            .. destinations.Select((address, i) => ($"Clusters:c:Destinations:d{i}:Address", address.ToString())),
            .. settings,
        ]);

    /// <param name="settings">Below <c>ReverseProxy</c>, or anywhere if the key starts with a slash.</param>
    public static async Task<UpstreamHost> StartAsync(params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>(
            setting.Key.StartsWith('/') ? setting.Key[1..] : $"ReverseProxy:{setting.Key}", setting.Value)));
        builder.WebHost.UseTestServer();
        builder.AddUpstreams();
        var app = builder.Build();
        try
        {
            app.MapPassthrough();
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new(app);
    }

    public async Task<IReadOnlyList<GenerationEvent>> GenerateAsync(int candidates = 1)
    {
        await using var generation = Start(candidates);
        return await generation.Events.ToListAsync(TestContext.Current.CancellationToken);
    }

    public IGeneration Start(int candidates) => Generators.For("c").Start(
        new() { Prompt = new Prompt([new ChatMessage("user", "Hi")]), Candidates = candidates, Model = "fake" },
        TestContext.Current.CancellationToken);

    /// <summary>Calls that a destination is counted to be busy with.</summary>
    public int Busy(string destination) =>
        Services.GetRequiredService<IProxyStateLookup>().TryGetCluster("c", out var cluster)
            && cluster.Destinations.TryGetValue(destination, out var state)
            ? state.ConcurrentRequestCount
            : -1;

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
