using System.Text;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Testing.Fakes;
using BestOfN.Testing.Schemas;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BestOfN.Gateway.Tests;

/// <summary>
/// The whole gateway in memory, with a fake generator behind the models <c>pocket</c> and <c>other</c> and a fake judge behind
/// <c>pocket-reward</c>.
/// </summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly WebApplicationFactory<Program> _factory;

    public TestGateway(
        IGenerator? generator = null, IRewardModel? rewardModel = null, TimeProvider? time = null, bool relays = false,
        ILoggerProvider? logs = null, params (string Path, string Value)[] settings)
    {
        _factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            host.UseSetting("BestOfN:Models:pocket:Generator", "fake");
            host.UseSetting("BestOfN:Models:pocket:Path", "");
            host.UseSetting("BestOfN:Models:other:Generator", "fake");
            host.UseSetting("BestOfN:Models:other:RewardModel", "pocket-reward");
            host.UseSetting("BestOfN:Models:other:Candidates", "3");
            host.UseSetting("BestOfN:RewardModels:pocket-reward:Path", ".");
            foreach (var (path, value) in settings)
            {
                host.UseSetting(path, value);
            }

            host.ConfigureTestServices(services =>
            {
                services.AddSingleton<IGeneratorSource>(
                    new FakeGeneratorSource(generator ?? FakeGenerator.Answering("a", "bb", "ccc", "dddd"), relays));
                services.AddSingleton<IGeneratorSource>(new BrokenGeneratorSource());
                services.AddSingleton<IRewardModelSource>(new FakeRewardModelSource(rewardModel ?? FakeRewardModel.ByLength()));
                if (logs is not null)
                {
                    services.AddSingleton(logs);
                }

                if (time is not null)
                {
                    services.AddSingleton(time);
                }
            });
        });
        Client = _factory.CreateDefaultClient(new SchemaCheckingHandler());
        RawClient = _factory.CreateClient();
    }

    /// <summary>Reads whole answers and holds each against OpenAI's schemas.</summary>
    public HttpClient Client { get; }

    /// <summary>Reads streams as they come.</summary>
    public HttpClient RawClient { get; }

    public IServiceProvider Services => _factory.Services;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public Task<HttpResponseMessage> PostAsync(string path, string json, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(json) };
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return Client.SendAsync(request, Cancellation);
    }

    /// <summary>Asks <c>pocket</c> something.</summary>
    /// <param name="fields">More fields, as JSON without braces.</param>
    /// <param name="model">The model.</param>
    /// <param name="headers">More headers.</param>
    public Task<HttpResponseMessage> ChatAsync(string fields = "", string model = "pocket", params (string Name, string Value)[] headers) =>
        PostAsync("/v1/chat/completions", Chat(fields, model), headers);

    /// <summary>Asks for a stream and returns at its headers.</summary>
    public Task<HttpResponseMessage> SendStreamAsync(string fields)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Json(Chat("\"stream\":true," + fields)) };
        return RawClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
    }

    public static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    public static string Chat(string fields = "", string model = "pocket") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"2 + 2?"}]{{(fields.Length > 0 ? "," + fields : "")}}}""";

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        RawClient.Dispose();
        await _factory.DisposeAsync();
    }
}
