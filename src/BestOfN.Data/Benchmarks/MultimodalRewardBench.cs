using System.Text.Json.Nodes;
using BestOfN.Core.Prompts;

namespace BestOfN.Data.Benchmarks;

/// <summary>Multimodal RewardBench (Yasunaga et al. 2025): pairs about images in six categories.</summary>
/// <remarks>Categories: facebookresearch/multimodal_rewardbench, <c>scripts</c>. A judge without a
/// verdict loses here; the published script tosses a coin.</remarks>
public sealed class MultimodalRewardBench : IBenchmark
{
    public string Name => "multimodal-rewardbench";

    public string Description => "Multimodal RewardBench: pairs about images in six categories.";

    public BenchmarkQuestion Ask(BenchmarkRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var text = new TextPart(row.Text("Text"));
        return new(
            new Prompt([new("user", row.Has("Image") || row.Images.ContainsKey("Image") ? [row.Image("Image", "Image"), text] : [text])]),
            [row.Text("Output1"), row.Text("Output2")]);
    }

    public JsonObject Scored(BenchmarkRow row, IReadOnlyList<float?> scores)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(scores);
        return new()
        {
            ["ID"] = row.Id("ID"),
            ["Category"] = row.Text("Category"),
            ["Better"] = row.Text("Better"),
            ["scores"] = new JsonArray([.. scores.Select(s => (JsonNode?)s)]),
        };
    }

    public BenchmarkResult Measure(IReadOnlyList<BenchmarkRow> scored)
    {
        ArgumentNullException.ThrowIfNull(scored);
        var items = scored.Select(row => (Categories: Categories(row), Outcome: Compare(row))).ToArray();
        var metrics = new JsonObject();
        var figures = new List<BenchmarkFigure>();
        var named = items.SelectMany(i => i.Categories.Select(name => (Name: name, i.Outcome))).GroupBy(i => i.Name)
            .OrderBy(g => g.Key == "all" ? 1 : 0).ThenBy(g => g.Key, StringComparer.Ordinal);
        foreach (var category in named)
        {
            var accuracy = Proportion.Of(category.Select(i => i.Outcome == Comparison.Won));
            metrics[category.Key] = accuracy.ToJson();
            figures.Add(accuracy.Figure(category.Key));
        }

        return new(metrics, figures, items.Count(i => i.Outcome == Comparison.Unscored), items.Count(i => i.Outcome == Comparison.Tied))
        {
            Right = [.. items.Select(i => i.Outcome == Comparison.Won)],
        };
    }

    private static string[] Categories(BenchmarkRow row)
    {
        var (category, id) = (row.Text("Category"), row.Id("ID"));
        return category.ToLowerInvariant() switch
        {
            "safety" => ["all", category, $"{category}/{(Begins("pairs") ? "bias" : "toxicity")}"],
            "reasoning" => ["all", category, $"{category}/{(Begins("math") ? "math" : "coding")}"],
            _ => ["all", category],
        };

        bool Begins(string with) => id.StartsWith(with, StringComparison.OrdinalIgnoreCase);
    }

    private static Comparison Compare(BenchmarkRow row)
    {
        var scores = row.Scores("scores", 2);
        return row.Text("Better") switch
        {
            "Output1" => Comparisons.Of(scores[0], scores[1]),
            "Output2" => Comparisons.Of(scores[1], scores[0]),
            _ => throw row.Wrong("Better", "Output1 or Output2"),
        };
    }
}
