using System.Text;
using System.Text.RegularExpressions;
using BestOfN.Gateway.Configuration;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

[assembly: AssemblyFixture(typeof(BestOfN.Deploy.Tests.RunningGateway))]

namespace BestOfN.Deploy.Tests;

/// <summary>The gateway with the pocket models on a port of its own: what it really exposes, and what it says of settings.</summary>
public sealed partial class RunningGateway : IAsyncLifetime
{
    private const string Text = """
        "messages": [{ "role": "user", "content": "Which two of 24 1 28 13 26 21 add up to 47?" }], "seed": 1
        """;

    private readonly WebApplicationFactory<Program> _factory = new WebApplicationFactory<Program>()
        .WithWebHostBuilder(host => host.UseSetting(WebHostDefaults.ServerUrlsKey, "http://127.0.0.1:0"));
    private readonly HttpClient _client = new();

    public Uri Address { get; private set; } = null!;

    /// <summary>How long the process takes at most from the order to stop to its end.</summary>
    public TimeSpan LongestStop => _factory.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout;

    /// <summary>The labels of each series on <c>/metrics</c>, after requests that were answered, degraded and refused.</summary>
    public IReadOnlyDictionary<string, HashSet<string>> Series { get; private set; } = null!;

    /// <summary>The kind of each metric on <c>/metrics</c>: counter, gauge or histogram.</summary>
    public IReadOnlyDictionary<string, string> Kinds { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _factory.UseKestrel(0);
        _factory.StartServer();
        Address = new(_factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        await AskAsync(200, $$"""{ "model": "pocket", "best_of_n": 4, {{Text}} }""");
        await AskAsync(200, $$"""{ "model": "pocket", "best_of_n": 4, "temperature": 0, {{Text}} }""");   // degraded: one candidate
        await AskAsync(200, await File.ReadAllTextAsync(DeployFiles.PathOf("docs/examples/picture.json")));
        await AskAsync(400, """
            { "model": "pocket", "best_of_n": 4, "messages": [{ "role": "user", "content":
              [{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } }] }] }
            """);

        var exposed = await GetAsync("/metrics");
        Kinds = Kind().Matches(exposed).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        Series = Sample().Matches(exposed).GroupBy(match => match.Groups[1].Value).ToDictionary(
            samples => samples.Key,
            samples => samples.SelectMany(sample => Label().Matches(sample.Groups[2].Value))
                .Select(label => label.Groups[1].Value).ToHashSet());
    }

    /// <returns>The body of an answer that is not a failure.</returns>
    public Task<string> GetAsync(string path) => _client.GetStringAsync(new Uri(Address, path));

    /// <summary>Mistakes in a configuration, as the gateway would tell them at its start.</summary>
    /// <remarks>Folders and keys of an example are on another machine, and not looked for.</remarks>
    public IEnumerable<string> Problems(IConfiguration configuration) =>
        _factory.Services.GetServices<IConfigurationCheck>().SelectMany(check => check.Problems(configuration))
            .Where(problem => !problem.Contains("there is no folder", StringComparison.Ordinal))
            .Where(problem => !problem.Contains("which is not set", StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _factory.DisposeAsync();
    }

    private async Task AskAsync(int status, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _client.PostAsync(new Uri(Address, "/v1/chat/completions"), content);
        Assert.True((int)response.StatusCode == status, await response.Content.ReadAsStringAsync());
    }

    [GeneratedRegex(@"^# TYPE (\w+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Kind();

    [GeneratedRegex(@"^([a-z_]\w*)(\{.*?\})? ", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex(@"[{,](\w+)=""")]
    private static partial Regex Label();
}
