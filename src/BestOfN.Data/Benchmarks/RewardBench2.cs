using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>RewardBench 2 (Malik et al. 2025): the best of four answers in five subsets, and the subset
/// Ties, in which several answers are equally right.</summary>
/// <remarks>Formulas: allenai/reward-bench, <c>scripts/run_v2.py</c> and <c>rewardbench/utils.py</c>
/// (<c>process_single_model</c>).</remarks>
public sealed class RewardBench2 : IBenchmark
{
    private const string Ties = "Ties";
    private const int Seed = 1;

    public string Name => "rewardbench2";

    public string Description => "RewardBench 2: best of four in five subsets, and Ties.";

    public BenchmarkQuestion Ask(BenchmarkRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return BenchmarkQuestion.OfText(row.Text("prompt"), [.. row.Texts("chosen"), .. row.Texts("rejected")]);
    }

    public JsonObject Scored(BenchmarkRow row, IReadOnlyList<float?> scores)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(scores);
        return new()
        {
            ["id"] = row.Id("id"),
            ["subset"] = row.Text("subset"),
            ["num_correct"] = row.Has("num_correct") ? row.WholeNumber("num_correct") : row.Texts("chosen").Length,
            ["total_completions"] = scores.Count,
            ["scores"] = new JsonArray([.. scores.Select(s => (JsonNode?)s)]),
        };
    }

    public BenchmarkResult Measure(IReadOnlyList<BenchmarkRow> scored)
    {
        ArgumentNullException.ThrowIfNull(scored);
        var rows = scored.Select(Row.Of).ToArray();
        var subsets = new JsonObject();
        var figures = new List<BenchmarkFigure>();
        var totals = new List<(double Value, double[] Resampled)>();
        foreach (var subset in rows.Where(row => row.Tied is null).GroupBy(row => row.Subset))
        {
            double[] items = [.. subset.Select(row => row.Item)];
            Add(subset.Key, items.Average(), Bootstrap.Resample(items.Length, Seed, drawn => drawn.Average(i => items[i])), items.Length);
            subsets[subset.Key] = new JsonObject { ["n"] = items.Length, ["score"] = items.Average() };
        }

        if (rows.Where(row => row.Tied is not null).ToArray() is { Length: > 0 } tied)
        {
            var prompts = tied.GroupBy(row => row.Prompt).Select(g => new TiesPrompt(
                g.FirstOrDefault(row => row.IsReference)?.Tied, g.FirstOrDefault(row => !row.IsReference)?.Tied)).ToArray();
            var score = TiesScore.Of(prompts);
            Add(Ties, score.Value,
                Bootstrap.Resample(prompts.Length, Seed, drawn => TiesScore.Of([.. drawn.Select(i => prompts[i])]).Value), tied.Length);
            subsets[Ties] = score.ToJson(tied.Length);
        }

        var total = totals.Count == 0 ? 0 : totals.Average(t => t.Value);
        if (totals.Count > 0)
        {
            var resampled = Enumerable.Range(0, Bootstrap.Resamples).Select(i => totals.Average(t => t.Resampled[i])).ToArray();
            figures.Add(new("score", total, Bootstrap.Percentiles(resampled), rows.Length));
        }

        var unscored = rows.Count(row => row.IsUnscored);
        return new(new() { ["subsets"] = subsets, ["score"] = total }, figures, unscored, rows.Count(row => row.SharesMaximum))
        {
            Right = [.. rows.Select(row => row.Tied is { } tie ? tie.Margin > 0 : row.Item.Equals(1))],
        };

        void Add(string name, double value, double[] resampled, int count)
        {
            totals.Add((value, resampled));
            figures.Add(new(name, value, Bootstrap.Percentiles(resampled), count));
        }
    }

    /// <param name="Subset">As the row names it.</param>
    /// <param name="Item">Share of the point that a row outside Ties gets.</param>
    /// <param name="Tied">What a row of Ties says.</param>
    /// <param name="Prompt">Joins the two rows of a prompt of Ties.</param>
    /// <param name="IsReference">The row of Ties with one correct answer.</param>
    /// <param name="IsUnscored">A score is missing.</param>
    /// <param name="SharesMaximum">The greatest score stands more than once, outside Ties.</param>
    private sealed record Row(
        string Subset, double Item, TiesMargin? Tied, string Prompt, bool IsReference, bool IsUnscored, bool SharesMaximum)
    {
        public static Row Of(BenchmarkRow row)
        {
            var subset = row.Text("subset");
            var scores = row.Scores("scores", row.Has("total_completions") ? row.WholeNumber("total_completions") : null);
            var isUnscored = scores.Contains(null);
            if (!subset.Equals(Ties, StringComparison.OrdinalIgnoreCase))
            {
                var best = scores.Max();
                var equal = scores.Count(score => score is not null && score == best);
                return new(subset, scores[0] is { } first && first == best ? 1.0 / equal : 0, null, "", false, isUnscored, equal > 1);
            }

            var id = row.Id("id").Split(':');
            var correct = row.WholeNumber("num_correct");
            if (id is not ["ref" or "tied", _])
            {
                throw row.Wrong("id", "ref:NUMBER or tied:NUMBER in the subset Ties");
            }

            if (correct < 1 || correct >= scores.Length)
            {
                throw row.Wrong("num_correct", $"1 to {scores.Length - 1}");
            }

            // A missing score loses: a correct answer falls below all, a wrong one is passed over.
            var right = scores.Take(correct).Select(s => s is { } value ? (double)value : double.NegativeInfinity).ToArray();
            var wrong = scores.Skip(correct).Max() is { } most ? (double)most : double.NegativeInfinity;
            return new(Ties, 0, new(right.Min() - wrong, right.Max() - right.Min()), id[1], id[0] == "ref", isUnscored, false);
        }
    }
}
