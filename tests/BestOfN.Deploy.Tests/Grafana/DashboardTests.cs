using System.Text.Json;
using YamlDotNet.Serialization;

namespace BestOfN.Deploy.Tests.Grafana;

/// <summary>What dashboards and alerts ask for is what a gateway exposes.</summary>
public sealed class DashboardTests(RunningGateway gateway) : IDisposable
{
    private const string Alerts = "deploy/prometheus/alerts.yml";

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-rules-").FullName;

    private static string[] Dashboards =>
        [.. Directory.EnumerateFiles(DeployFiles.PathOf("deploy/grafana"), "*.json")
            .Select(file => Path.GetRelativePath(DeployFiles.Root, file))];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_metric_and_label_of_a_dashboard_is_exposed()
    {
        var expressions = Dashboards.SelectMany(Expressions).ToList();
        Assert.True(expressions.Count > 20);
        Assert.Equal([], expressions.SelectMany(Problems));
    }

    [Fact]
    public void Every_metric_and_label_of_an_alert_is_exposed()
    {
        var expressions = AlertExpressions().ToList();
        Assert.Equal(4, expressions.Count);
        Assert.Equal([], expressions.SelectMany(Problems));
    }

    [Theory]
    [InlineData("sum(bestofn_request_waiting)", "bestofn_request_waiting")]
    [InlineData("sum by (model) (rate(bestofn_candidates_total[5m]))", "model")]
    [InlineData("""rate(bestofn_candidates_total{status="Failed"}[5m])""", "status")]
    public void A_name_that_is_not_exposed_is_found(string expression, string name) =>
        Assert.Contains(name, Assert.Single(Problems(("here", expression))), StringComparison.Ordinal);

    [Fact]
    public void Panels_have_numbers_of_their_own_and_do_not_overlap() => Assert.All(Dashboards, path =>
    {
        using var json = JsonDocument.Parse(DeployFiles.Read(path));
        var panels = json.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.Distinct(panels.Select(panel => panel.GetProperty("id").GetInt32()));
        Assert.Distinct(panels.SelectMany(Cells));
        var source = json.RootElement.GetProperty("templating").GetProperty("list")[0];
        Assert.Equal(("datasource", "datasource"), (source.GetProperty("name").GetString(), source.GetProperty("type").GetString()));
    });

    [Fact]
    public async Task Prometheus_itself_understands_every_expression()
    {
        Tool.SkipWithout("promtool");
        var (exitCode, output) = await Tool.RunAsync("promtool", "check", "rules", DeployFiles.PathOf(Alerts));
        Assert.True(exitCode == 0, output);

        // Grafana puts in what stands behind a dollar.
        var expressions = Dashboards.SelectMany(Expressions).Select(each => each.Expression
            .Replace("$__rate_interval", "5m", StringComparison.Ordinal).Replace("$model", ".*", StringComparison.Ordinal));
        var rules = expressions.Select((text, index) => $"      - record: r{index}\n        expr: {JsonSerializer.Serialize(text)}\n");
        var file = Path.Combine(_folder, "rules.yml");
        await File.WriteAllTextAsync(
            file, $"groups:\n  - name: dashboards\n    rules:\n{string.Concat(rules)}", TestContext.Current.CancellationToken);
        (exitCode, output) = await Tool.RunAsync("promtool", "check", "rules", file);
        Assert.True(exitCode == 0, output);
    }

    private IEnumerable<string> Problems((string Place, string Expression) each)
    {
        var names = PromQl.Read(each.Expression);
        var metrics = names.Metrics.Where(name => name != "up").ToList();
        var known = metrics.Where(gateway.Series.ContainsKey).SelectMany(name => gateway.Series[name]).ToHashSet();
        return
        [
            .. metrics.Where(name => !gateway.Series.ContainsKey(name)).Select(name => $"{each.Place}: there is no metric {name}"),
            .. names.Labels.Where(label => metrics.Count > 0 && metrics.TrueForAll(gateway.Series.ContainsKey) && !known.Contains(label))
                .Select(label => $"{each.Place}: {string.Join(", ", metrics)} has no label {label}"),
        ];
    }

    private static IEnumerable<(string Place, string Expression)> Expressions(string path)
    {
        using var json = JsonDocument.Parse(DeployFiles.Read(path));
        List<(string, string)> found = [];
        var panels = json.RootElement.GetProperty("panels").EnumerateArray();
        foreach (var panel in panels.Where(panel => panel.GetProperty("type").GetString() != "row"))
        {
            found.AddRange(panel.GetProperty("targets").EnumerateArray()
                .Select(target => ($"{path}: {panel.GetProperty("title").GetString()}", target.GetProperty("expr").GetString()!)));
        }

        var list = json.RootElement.GetProperty("templating").GetProperty("list");
        var variable = list[1].GetProperty("query").GetProperty("query").GetString()!;
        var names = variable.Replace("label_values(", "", StringComparison.Ordinal).TrimEnd(')').Split(", ");
        var (metric, label) = names is [var first, var second] ? (first, second) : throw new FormatException(variable);
        found.Add(($"{path}: variable", $"sum by ({label}) ({metric})"));
        return found;
    }

    private static IEnumerable<(string Place, string Expression)> AlertExpressions()
    {
        var file = new Deserializer().Deserialize<Dictionary<string, List<Dictionary<string, object>>>>(DeployFiles.Read(Alerts));
        return from rule in file["groups"].SelectMany(rules => (List<object>)rules["rules"]).Cast<Dictionary<object, object>>()
               select ($"{Alerts}: {rule["alert"]}", (string)rule["expr"]);
    }

    private static IEnumerable<(int X, int Y)> Cells(JsonElement panel)
    {
        var place = panel.GetProperty("gridPos");
        int Get(string name) => place.GetProperty(name).GetInt32();
        return from x in Enumerable.Range(Get("x"), Get("w")) from y in Enumerable.Range(Get("y"), Get("h")) select (x, y);
    }
}
