using BestOfN.Data.Benchmarks;

namespace BestOfN.Data.Evaluation;

/// <summary>Two means over the same problems, and their difference.</summary>
/// <param name="Before">Mean of the other generator.</param>
/// <param name="After">Mean of this one.</param>
/// <param name="Value">After − before.</param>
/// <param name="Low">Lower end of the 95 % interval of the difference; null where there are too few problems for one.</param>
/// <param name="High">Upper end.</param>
public sealed record Difference(double Before, double After, double Value, double? Low, double? High)
{
    // The normal approximation says nothing of fewer problems.
    private const int FewestProblems = 20;

    /// <summary>From one value per problem of each.</summary>
    internal static Difference Of(IReadOnlyList<double> before, IReadOnlyList<double> after)
    {
        double[] each = [.. before.Zip(after, (b, a) => a - b)];
        var mean = each.Average();
        double? error = each.Length < FewestProblems ? null
            : Interval.Quantile * Math.Sqrt(each.Sum(d => (d - mean) * (d - mean)) / (each.Length - 1) / each.Length);
        return new(before.Average(), after.Average(), mean, mean - error, mean + error);
    }
}
