namespace BestOfN.Training.Policy.Objectives;

/// <summary>Advantages of the answers to one prompt, without a critic. All tokens of an answer share one.</summary>
/// <remarks>
/// A score that is NaN is missing: it leaves the baseline too, and its advantage is 0. A group with fewer than two scores gives 0.
/// </remarks>
internal static class GroupAdvantage
{
    /// <param name="groups">Scores of the answers, prompt by prompt.</param>
    /// <param name="kind">What a score is compared with.</param>
    /// <param name="epsilon">Added to a deviation that is divided by.</param>
    /// <param name="greedy">Scores of the greedy answers, one per group; only for ReMax.</param>
    public static double[][] Of(
        IReadOnlyList<double[]> groups, AdvantageKind kind, double epsilon = 1e-4, IReadOnlyList<double>? greedy = null)
    {
        if (kind == AdvantageKind.ReMax)
        {
            var baselines = greedy ?? throw new ArgumentException("ReMax needs the scores of greedy answers.", nameof(greedy));
            return [.. groups.Select((g, i) => Each(g, r => double.IsNaN(baselines[i]) ? 0 : r - baselines[i]))];
        }

        var present = groups.SelectMany(g => g.Where(r => !double.IsNaN(r))).ToArray();
        double[][] centred = [.. groups.Select(Centred)];
        switch (kind)
        {
            case AdvantageKind.DrGrpo:
                return centred;
            case AdvantageKind.Grpo:
                return [.. groups.Select((g, i) => Scaled(centred[i], 1 / (Deviation(g) + epsilon)))];
            case AdvantageKind.Rloo:
                return [.. groups.Select((g, i) => g.Count(r => !double.IsNaN(r)) is > 1 and var n
                    ? Scaled(centred[i], n / (n - 1.0)) : centred[i])];
            case AdvantageKind.BatchStd:
                return [.. centred.Select(g => Scaled(g, 1 / (Moments.Deviation(present) + epsilon)))];
            default:
                var scored = centred.Zip(groups, (c, g) => c.Where((_, i) => !double.IsNaN(g[i]))).SelectMany(c => c).ToArray();
                var (mean, variance) = Moments.Of(scored, isUnbiased: false);
                var scale = 1 / Math.Sqrt(variance + 1e-8);
                return [.. centred.Zip(groups, (c, g) => c.Select((a, i) => double.IsNaN(g[i]) ? 0 : (a - mean) * scale).ToArray())];
        }
    }

    /// <summary>Deviation, with n − 1, of the scores that a group has; 0 where they are fewer than two.</summary>
    public static double Deviation(IEnumerable<double> group) => Moments.Deviation([.. group.Where(r => !double.IsNaN(r))]);

    /// <summary>Whether a group has something to say: its spread is more than a tenth of the usual one.</summary>
    /// <param name="deviation">Deviation of the group.</param>
    /// <param name="usual">Deviation of all scores so far; 0: any spread will do.</param>
    public static bool HasSpread(double deviation, double usual) => deviation > 0.1 * usual;

    private static double[] Centred(double[] group)
    {
        double[] present = [.. group.Where(r => !double.IsNaN(r))];
        var mean = present.Length < 2 ? 0 : present.Average();
        return Each(group, r => present.Length < 2 ? 0 : r - mean);
    }

    private static double[] Each(double[] group, Func<double, double> advantage) =>
        [.. group.Select(r => double.IsNaN(r) ? 0 : advantage(r))];

    private static double[] Scaled(double[] group, double factor) => [.. group.Select(a => a * factor)];
}
