using System.Net.Http.Json;
using System.Text.Json;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.DependencyInjection;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>A gateway in memory that serves a reward model and no generator.</summary>
internal sealed class RewardGateway : IAsyncDisposable
{
    private readonly WebApplicationFactory<Program> _factory;

    /// <param name="judge">What scores; null: what the settings say.</param>
    /// <param name="settings">More settings.</param>
    public RewardGateway(IRewardModel? judge, params (string Path, string Value)[] settings)
    {
        _factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            // The repository's own settings are those of a gateway with models.
            host.ConfigureAppConfiguration((_, configuration) =>
            {
                foreach (var file in configuration.Sources.OfType<JsonConfigurationSource>().ToList())
                {
                    configuration.Sources.Remove(file);
                }
            });
            foreach (var (path, value) in settings)
            {
                host.UseSetting(path, value);
            }

            host.ConfigureTestServices(services =>
            {
                if (judge is not null)
                {
                    services.AddSingleton<IRewardModelSource>(new FakeRewardModelSource(judge));
                }
            });
        });
        Client = _factory.CreateClient();
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _factory.Services;

    public Task<HttpResponseMessage> PostAsync(string path, object body) =>
        Client.PostAsJsonAsync(path, body, TestContext.Current.CancellationToken);

    /// <summary>Posts and reads the answer, whatever its status.</summary>
    public async Task<(int Status, JsonElement Body)> AskAsync(string path, string json)
    {
        using var response = await Client.PostAsync(path, TestGateway.Json(json), TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _factory.DisposeAsync();
    }
}
