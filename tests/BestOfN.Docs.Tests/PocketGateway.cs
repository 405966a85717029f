using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(BestOfN.Docs.Tests.PocketGateway))]

namespace BestOfN.Docs.Tests;

/// <summary>
/// The gateway on a port of its own, with the configuration and the pocket models that come with the product; its reward model is served.
/// </summary>
public sealed class PocketGateway : IAsyncLifetime
{
    private readonly WebApplicationFactory<Program> _factory = new WebApplicationFactory<Program>()
        .WithWebHostBuilder(host => host
            .UseSetting("BestOfN:RewardServer:Enabled", "true").UseSetting(WebHostDefaults.ServerUrlsKey, "http://127.0.0.1:0"));

    public HttpClient Client { get; private set; } = null!;

    public Uri Address => Client.BaseAddress!;

    public IServiceProvider Services => _factory.Services;

    /// <summary>The meters of this gateway have it as their scope.</summary>
    public IMeterFactory Meters => Services.GetRequiredService<IMeterFactory>();

    public async ValueTask InitializeAsync()
    {
        _factory.UseKestrel(0);
        _factory.StartServer();
        var addresses = Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Client = new HttpClient { BaseAddress = new(addresses.First()) };

        // Answered when both models are there.
        const string Question = """{ "model": "pocket", "messages": [{ "role": "user", "content": "Which two of 1 2 add up to 3?" }] }""";
        var (status, body) = await PostAsync("/v1/chat/completions", Question);
        Assert.True(status == 200, body);
    }

    /// <summary>Sends JSON.</summary>
    /// <returns>The status and the body.</returns>
    public async Task<(int Status, string Body)> PostAsync(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        var cancellation = TestContext.Current.CancellationToken;
        using var response = await Client.PostAsync(new Uri(path, UriKind.RelativeOrAbsolute), content, cancellation);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _factory.DisposeAsync();
    }
}
