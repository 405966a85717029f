using System.Text.Json.Nodes;
using BestOfN.Core.Prompts;

namespace BestOfN.Data.Benchmarks;

/// <summary>VL-RewardBench (Li et al. 2024): two answers to a question about an image.</summary>
/// <remarks>
/// Rows with <c>votes</c> in place of <c>scores</c> are those of judges that answer A or B, several times each.
/// Groups and votes: vl-rewardbench/VL_RewardBench, <c>cal.py</c>.
/// </remarks>
public sealed class VlRewardBench : IBenchmark
{
    private const string Placeholder = "<image>\n";
    private static readonly string[] s_groups = ["hallucination", "general", "reasoning"];
    private static readonly int[] s_votes = [1, 3, 5, 7, 9];

    public string Name => "vl-rewardbench";

    public string Description => "VL-RewardBench: pairs about images in the groups general, hallucination and reasoning.";

    public BenchmarkQuestion Ask(BenchmarkRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var query = row.Text("query");
        query = query.StartsWith(Placeholder, StringComparison.Ordinal) ? query[Placeholder.Length..] : query;
        var answers = row.Texts("response");
        return answers.Length == 2
            ? new(new Prompt([new("user", [row.Image("image", "image_path"), new TextPart(query)])]), answers)
            : throw row.Wrong("response", "two texts");
    }

    public JsonObject Scored(BenchmarkRow row, IReadOnlyList<float?> scores)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(scores);
        return new()
        {
            ["id"] = row.Id("id"),
            ["scores"] = new JsonArray([.. scores.Select(s => (JsonNode?)s)]),
            ["human_ranking"] = new JsonArray([.. row.WholeNumbers("human_ranking").Select(r => (JsonNode?)r)]),
        };
    }

    public BenchmarkResult Measure(IReadOnlyList<BenchmarkRow> scored)
    {
        ArgumentNullException.ThrowIfNull(scored);
        return scored.Count > 0 && scored.All(row => row.Has("votes")) ? MeasureVotes(scored) : MeasureScores(scored);
    }

    private static BenchmarkResult MeasureScores(IReadOnlyList<BenchmarkRow> scored)
    {
        var items = scored.Select(row => (Id: Origin(row), Outcome: Compare(row))).ToArray();
        var groups = s_groups.Select(name => (Name: name, Accuracy: Accuracy(items.Where(i => i.Id.Group == name))))
            .Where(g => g.Accuracy.Rows > 0).ToArray();
        var all = Accuracy(items);
        var (macro, error) = Macro(groups.Select(g => g.Accuracy));
        var (byGroup, bySource) = (new JsonObject(), new JsonObject());
        foreach (var (name, accuracy) in groups)
        {
            byGroup[name] = accuracy.ToJson();
        }

        foreach (var source in items.GroupBy(i => i.Id.Source))
        {
            bySource[source.Key] = Accuracy(source).ToJson(withInterval: false);
        }

        var ties = items.Count(i => i.Outcome == Comparison.Tied);
        var metrics = new JsonObject
        {
            ["groups"] = byGroup,
            ["sources"] = bySource,
            ["overall"] = all.Accuracy,
            ["overall_wilson95"] = all.Wilson95.ToJson(),
            ["macro"] = macro,
            ["macro_se"] = error,
            ["ties"] = ties,
        };
        BenchmarkFigure[] figures = [.. groups.Select(g => g.Accuracy.Figure(g.Name)), all.Figure("overall (all rows)"),
            new("macro (mean of the groups)", macro, Interval.OfError(macro, error), all.Rows)];
        return new(metrics, figures, items.Count(i => i.Outcome == Comparison.Unscored), ties)
        {
            Right = [.. items.Select(i => i.Outcome == Comparison.Won)],
        };

        static Proportion Accuracy(IEnumerable<((string Group, string Source) Id, Comparison Outcome)> items) =>
            Proportion.Of(items.Select(i => i.Outcome == Comparison.Won));
    }

    private static Comparison Compare(BenchmarkRow row)
    {
        var better = Array.IndexOf(row.WholeNumbers("human_ranking"), 0);
        var scores = row.Scores("scores", 2);
        return better is 0 or 1 ? Comparisons.Of(scores[better], scores[1 - better]) : throw row.Wrong("human_ranking", "[0, 1] or [1, 0]");
    }

    private static BenchmarkResult MeasureVotes(IReadOnlyList<BenchmarkRow> scored)
    {
        var items = scored.Select(row => (Origin(row).Group, Votes: Votes(row))).ToArray();
        var most = items.Min(i => i.Votes.Length);
        var metrics = new JsonObject();
        var figures = new List<BenchmarkFigure>();
        foreach (var k in s_votes.Where(k => k <= most))
        {
            var whole = items.Where(i => !i.Votes.Take(k).Contains(Vote.DoesNotMatch))
                .Select(i => (i.Group, For: i.Votes.Take(k).Count(v => v == Vote.Agree))).ToArray();
            var decided = whole.Where(i => 2 * i.For != k).Select(i => (i.Group, IsRight: 2 * i.For > k)).ToArray();
            var groups = s_groups.Select(
                name => (Name: name, Accuracy: Proportion.Of(decided.Where(i => i.Group == name).Select(i => i.IsRight))))
                .Where(g => g.Accuracy.Rows > 0).ToArray();
            var all = Proportion.Of(decided.Select(i => i.IsRight));
            var (macro, error) = Macro(groups.Select(g => g.Accuracy));
            var byGroup = new JsonObject();
            foreach (var (name, accuracy) in groups)
            {
                byGroup[name] = accuracy.Accuracy;
            }

            metrics[$"{k}"] = new JsonObject
            {
                ["k"] = k,
                ["dropped"] = items.Length - whole.Length,
                ["undecided"] = whole.Length - decided.Length,
                ["groups"] = byGroup,
                ["overall"] = all.Accuracy,
                ["macro"] = macro,
            };
            figures.AddRange(groups.Select(g => g.Accuracy.Figure($"{g.Name}, {k} votes")));
            figures.Add(all.Figure($"overall, {k} votes"));
            figures.Add(new($"macro, {k} votes", macro, Interval.OfError(macro, error), all.Rows));
        }

        return new(metrics, figures, 0, 0);
    }

    private static Vote[] Votes(BenchmarkRow row) => [.. row.Texts("votes").Select(vote => vote switch
    {
        "agree" => Vote.Agree,
        "reject" => Vote.Reject,
        "doesntMatch" => Vote.DoesNotMatch,
        _ => throw row.Wrong("votes", "agree, reject or doesntMatch"),
    })];

    private static (double Mean, double Error) Macro(IEnumerable<Proportion> groups)
    {
        var all = groups.ToArray();
        return all.Length == 0 ? (0, 0) : (all.Average(g => g.Accuracy), Math.Sqrt(all.Sum(g => g.Variance)) / all.Length);
    }

    // The part before the first '_' or '-' says where a row comes from.
    private static (string Group, string Source) Origin(BenchmarkRow row)
    {
        var id = row.Id("id");
        var end = id.AsSpan().IndexOfAny('_', '-');
        return (end < 0 ? id : id[..end]) switch
        {
            "RLAIF" => ("hallucination", "rlaif-v"),
            "RLHF" => ("hallucination", "rlhf-v"),
            "hallucination" => ("hallucination", "povid"),
            "mathverse" or "mmmu" => ("reasoning", "reasoning_tasks"),
            "wildvision" => ("general", "wildvision-battle"),
            _ => ("general", "vlfeedback"),
        };
    }

    private enum Vote
    {
        Agree,
        Reject,
        DoesNotMatch,
    }
}
