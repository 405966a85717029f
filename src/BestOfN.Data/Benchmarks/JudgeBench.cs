using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>JudgeBench (Tan et al. 2024): pairs of answers to hard questions, one of them right.</summary>
/// <remarks>Figures: ScalerLab/JudgeBench, <c>utils/metrics.py</c>; a reward model plays one game per pair.</remarks>
public sealed class JudgeBench : IBenchmark
{
    private static readonly string[] s_sources = ["mmlu-pro", "livebench-reasoning", "livebench-math", "livecodebench"];

    public string Name => "judgebench";

    public string Description => "JudgeBench: pairs of answers to hard questions.";

    public BenchmarkQuestion Ask(BenchmarkRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return BenchmarkQuestion.OfText(row.Text("question"), [row.Text("response_A"), row.Text("response_B")]);
    }

    public JsonObject Scored(BenchmarkRow row, IReadOnlyList<float?> scores)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(scores);
        return new()
        {
            ["pair_id"] = row.Id("pair_id"),
            ["source"] = row.Text("source"),
            ["label"] = row.Text("label"),
            ["score_A"] = scores[0],
            ["score_B"] = scores[1],
        };
    }

    public BenchmarkResult Measure(IReadOnlyList<BenchmarkRow> scored)
    {
        ArgumentNullException.ThrowIfNull(scored);
        var items = scored.Select(row => (Source: row.Text("source"), Outcome: Compare(row))).ToArray();
        var metrics = new JsonObject();
        var figures = new List<BenchmarkFigure>();
        foreach (var name in s_sources)
        {
            Add(name, items.Where(i => i.Source.StartsWith(name, StringComparison.Ordinal)));
        }

        Add("overall", items);
        return new(metrics, figures, items.Count(i => i.Outcome == Comparison.Unscored), items.Count(i => i.Outcome == Comparison.Tied))
        {
            Right = [.. items.Select(i => i.Outcome == Comparison.Won)],
        };

        void Add(string name, IEnumerable<(string Source, Comparison Outcome)> of)
        {
            var accuracy = Proportion.Of(of.Select(i => i.Outcome == Comparison.Won));
            if (accuracy.Rows > 0)
            {
                metrics[name] = new JsonObject
                {
                    ["correct"] = accuracy.Correct,
                    ["n"] = accuracy.Rows,
                    ["accuracy_percent"] = 100 * accuracy.Accuracy,
                };
                figures.Add(accuracy.Figure(name));
            }
        }
    }

    private static Comparison Compare(BenchmarkRow row) => row.Text("label") switch
    {
        "A>B" => Comparisons.Of(row.Score("score_A"), row.Score("score_B")),
        "B>A" => Comparisons.Of(row.Score("score_B"), row.Score("score_A")),
        _ => throw row.Wrong("label", "A>B or B>A"),
    };
}
