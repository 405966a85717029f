using System.Text.RegularExpressions;
using BestOfN.Docs.Tests.Pages;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Upstream;
using BestOfN.Protocols.Upstreams;
using Yarp.ReverseProxy.Configuration;

namespace BestOfN.Docs.Tests.Generated;

/// <summary>The tables between the marks <c>generated</c> and <c>end</c> of a page are what the code says now.</summary>
public sealed partial class GeneratedPageTests(PocketGateway gateway)
{
    private const string Switch = "BESTOFN_WRITE_DOCS";
    private const string Command = $"{Switch}=1 dotnet test tests/BestOfN.Docs.Tests -c Release";
    private const string Advice = $"The tables are not what the code says. Write them anew: {Command}";

    [Fact]
    public void Settings_are_those_of_the_code() => Check("docs/configuration.md", new()
    {
        ["BestOfN"] = SettingsTable.Of(new BestOfNOptions()),
        ["Models"] = SettingsTable.Of(new ModelOptions()),
        ["RewardServer"] = SettingsTable.Of(new RewardServerOptions()),
        ["RewardModels"] = SettingsTable.Of(new RewardModelOptions()),
        ["Upstreams"] = SettingsTable.Of(new UpstreamOptions()),
        ["Metadata"] = SettingsTable.OfParameters(ClusterSettings.Read(new ClusterConfig())),
    });

    [Fact]
    public async Task Metrics_are_those_of_a_running_gateway()
    {
        using var table = new MetricsTable(gateway.Meters);
        const string Text = """ "messages": [{ "role": "user", "content": "Which two of 24 1 28 13 26 21 add up to 47?" }], "seed": 1 """;
        var picture = await File.ReadAllTextAsync(Repository.PathOf("docs/examples/picture.json"), TestContext.Current.CancellationToken);
        const string Picture = """{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } }""";
        const string Broken = $$""" "messages": [{ "role": "user", "content": [{{Picture}}] }] """;

        await AskAsync(200, $$"""{ "model": "pocket", "best_of_n": 4, {{Text}} }""");
        await AskAsync(200, $$"""{ "model": "pocket", "best_of_n": 4, "temperature": 0, {{Text}} }""");   // degraded: one candidate
        await AskAsync(200, picture);
        await AskAsync(400, $$"""{ "model": "pocket", "best_of_n": 4, {{Broken}} }""");                   // no answer

        await AskAsync(200, """{ "messages": [{ "role": "user", "content": "2 + 2?" }], "candidates": ["4"] }""", "/v1/rewards");

        var exposed = await gateway.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Check("docs/metrics.md", new() { ["metrics"] = table.Write(exposed), ["tags"] = table.WriteTags() });
    }

    private async Task AskAsync(int status, string json, string path = "/v1/chat/completions")
    {
        var (actual, body) = await gateway.PostAsync(path, json);
        Assert.True(actual == status, body);
    }

    private static void Check(string path, Dictionary<string, string> tables)
    {
        var page = Page.Open(path).Text;
        Assert.Equal(tables.Keys.Order(), Generated().Matches(page).Select(match => match.Groups["name"].Value).Order());
        var expected = Generated().Replace(
            page, match => $"{match.Groups["begin"].Value}\n\n{tables[match.Groups["name"].Value]}\n<!-- end -->");
        if (Environment.GetEnvironmentVariable(Switch) is { Length: > 0 })
        {
            File.WriteAllText(Repository.PathOf(path), expected + "\n");
        }
        else
        {
            Assert.True(expected == page, $"{path}: {Advice}\n{FirstDifference(page, expected)}");
        }
    }

    private static string FirstDifference(string page, string expected)
    {
        var (found, wanted) = (page.Split('\n'), expected.Split('\n'));
        var line = found.Zip(wanted).TakeWhile(pair => pair.First == pair.Second).Count();
        return $"line {line + 1} is\n  {found.ElementAtOrDefault(line)}\nand would be\n  {wanted.ElementAtOrDefault(line)}";
    }

    [GeneratedRegex("(?<begin><!-- generated: (?<name>\\w+) -->).*?<!-- end -->", RegexOptions.Singleline)]
    private static partial Regex Generated();
}
