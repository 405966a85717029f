using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>RM-Bench (Liu et al. 2024): three chosen and three rejected answers of growing style
/// (concise, plain, markdown), each compared with each.</summary>
/// <remarks>
/// The official figures are means over the four domains; the flat ones are over all rows, as the paper of IXC-2.5-Reward prints its levels.
/// Formulas: THU-KEG/RM-Bench, <c>scripts/utils.py</c>.
/// </remarks>
public sealed class RmBench : IBenchmark
{
    private const int Styles = 3;
    private const int Seed = 1;
    private static readonly string[] s_domains = ["chat", "math", "code", "safety"];
    private static readonly string[] s_published = ["chat", "code", "math", "safety-refuse", "safety-response"];

    public string Name => "rm-bench";

    public string Description => "RM-Bench: substance against style, at the levels easy, normal and hard.";

    public BenchmarkQuestion Ask(BenchmarkRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return BenchmarkQuestion.OfText(row.Text("prompt"), [.. Three("chosen"), .. Three("rejected")]);

        string[] Three(string name) => row.Texts(name) is { Length: Styles } texts ? texts : throw row.Wrong(name, $"{Styles} texts");
    }

    public JsonObject Scored(BenchmarkRow row, IReadOnlyList<float?> scores)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(scores);
        return new()
        {
            ["id"] = JsonNode.Parse(row.Fields.GetProperty("id").GetRawText()),
            ["domain"] = PublishedDomain(row),
            ["score_chosen"] = new JsonArray([.. scores.Take(Styles).Select(s => (JsonNode?)s)]),
            ["score_rejected"] = new JsonArray([.. scores.Skip(Styles).Select(s => (JsonNode?)s)]),
        };
    }

    public BenchmarkResult Measure(IReadOnlyList<BenchmarkRow> scored)
    {
        ArgumentNullException.ThrowIfNull(scored);
        var items = scored.Select(Item.Of).ToArray();
        var flat = StyleLevels.Of([.. items.Select(item => item.Outcomes)]);
        var domains = s_domains.Select(name => (Name: name, Items: items.Where(item => item.Domain == name).ToArray()))
            .Where(domain => domain.Items.Length > 0)
            .Select(domain => (domain.Name, Levels: StyleLevels.Of([.. domain.Items.Select(item => item.Outcomes)]))).ToArray();
        var overDomains = StyleLevels.MeanOf([.. domains.Select(domain => domain.Levels)]);

        var byDomain = new JsonObject();
        foreach (var (name, levels) in domains)
        {
            byDomain[name] = levels.ToJson();
        }

        var best = Proportion.Of(items.Select(item => item.BestIsChosen));
        var (ties, unscored) = (items.Sum(item => item.Ties), items.Count(item => item.IsUnscored));
        var metrics = new JsonObject
        {
            ["flat"] = flat.ToJson(),
            ["domains"] = byDomain,
            ["hard"] = overDomains.Hard.Value,
            ["normal"] = overDomains.Normal.Value,
            ["easy"] = overDomains.Easy.Value,
            ["overall"] = overDomains.Average.Value,
            ["ties"] = ties,
            ["mean_by_style"] = new JsonObject { ["chosen"] = Means(item => item.Chosen), ["rejected"] = Means(item => item.Rejected) },
            ["best_of_6_correct"] = best.Accuracy,
        };
        BenchmarkFigure[] figures =
        [
            .. domains.Select(domain => Figure($"{domain.Name}, official", domain.Levels.Average, domain.Levels.Rows)),
            .. Levels("official", overDomains, items.Length),
            Figure("overall, official", overDomains.Average, items.Length),
            .. Levels("flat", flat, items.Length),
            Figure("average, flat", flat.Average, items.Length),
            BestOfSix(items),
        ];
        if (LengthCorrelation(items) is { } correlation)
        {
            metrics["length_correlation"] = correlation;
        }

        return new(metrics, figures, unscored, ties) { Right = [.. items.Select(item => item.BestIsChosen)] };

        JsonArray Means(Func<Item, float?[]> scores) =>
            [.. Enumerable.Range(0, Styles)
                .Select(style => (JsonNode?)items.Select(scores).Where(s => s[style] is not null)
                .Select(s => (double)s[style]!.Value).DefaultIfEmpty().Average())];
    }

    private static BenchmarkFigure BestOfSix(Item[] items)
    {
        double Share(int[] drawn) => drawn.Count(i => items[i].BestIsChosen) / (double)Math.Max(1, drawn.Length);
        return new(
            "best of six is a chosen one", Share([.. Enumerable.Range(0, items.Length)]),
            items.Length == 0 ? null : Bootstrap.Percentiles(Bootstrap.Resample(items.Length, Seed, Share)), items.Length);
    }

    // Pearson's correlation of scores and tokens within prompts: both less their means over the six answers of a prompt.
    private static double? LengthCorrelation(Item[] items)
    {
        var (xx, yy, xy) = (0.0, 0.0, 0.0);
        foreach (var item in items.Where(item => item.Tokens.Length == 2 * Styles && !item.IsUnscored))
        {
            double[] scores = [.. item.Chosen.Concat(item.Rejected).Select(score => (double)score!.Value)];
            var (meanScore, meanTokens) = (scores.Average(), item.Tokens.Average());
            foreach (var (score, tokens) in scores.Zip(item.Tokens))
            {
                var (x, y) = (score - meanScore, tokens - meanTokens);
                (xx, yy, xy) = (xx + (x * x), yy + (y * y), xy + (x * y));
            }
        }

        return xx > 0 && yy > 0 ? xy / Math.Sqrt(xx * yy) : null;
    }

    private static BenchmarkFigure[] Levels(string formula, StyleLevels levels, int rows) =>
        [Figure($"easy, {formula}", levels.Easy, rows), Figure($"normal, {formula}", levels.Normal, rows),
            Figure($"hard, {formula}", levels.Hard, rows)];

    private static BenchmarkFigure Figure(string name, ClusteredMean mean, int rows) =>
        new(name, mean.Value, Interval.OfError(mean.Value, mean.StandardError), rows);

    // The files of one domain do not name it; their own names do.
    private static string PublishedDomain(BenchmarkRow row)
    {
        var domain = row.Has("domain") ? row.Text("domain") : s_published.FirstOrDefault(
            name => Path.GetFileName(row.File).StartsWith(name, StringComparison.Ordinal)) ?? row.Text("domain");
        Domain(row, domain);
        return domain;
    }

    private static string Domain(BenchmarkRow row, string domain) =>
        domain.StartsWith("safety", StringComparison.Ordinal) ? "safety"
        : s_domains.Contains(domain) ? domain
        : throw row.Wrong("domain", $"{string.Join(", ", s_published)}, not '{domain}'");

    private sealed record Item(string Domain, float?[] Chosen, float?[] Rejected, Comparison[,] Results, int[] Tokens)
    {
        /// <summary>1 where the chosen answer of a style (row) beats the rejected one of a style (column).</summary>
        public double[,] Outcomes
        {
            get
            {
                var outcomes = new double[Styles, Styles];
                for (var i = 0; i < Styles; i++)
                {
                    for (var j = 0; j < Styles; j++)
                    {
                        outcomes[i, j] = Results[i, j] == Comparison.Won ? 1 : 0;
                    }
                }

                return outcomes;
            }
        }

        public int Ties => Results.Cast<Comparison>().Count(r => r == Comparison.Tied);

        public bool IsUnscored => Chosen.Contains(null) || Rejected.Contains(null);

        public bool BestIsChosen => Comparisons.Of(Chosen.Max(), Rejected.Max()) == Comparison.Won;

        public static Item Of(BenchmarkRow row)
        {
            var (chosen, rejected) = (row.Scores("score_chosen", Styles), row.Scores("score_rejected", Styles));
            var results = new Comparison[Styles, Styles];
            for (var i = 0; i < Styles; i++)
            {
                for (var j = 0; j < Styles; j++)
                {
                    results[i, j] = Comparisons.Of(chosen[i], rejected[j]);
                }
            }

            return new(
                RmBench.Domain(row, row.Text("domain")), chosen, rejected, results, row.Has("tokens") ? row.WholeNumbers("tokens") : []);
        }
    }
}
