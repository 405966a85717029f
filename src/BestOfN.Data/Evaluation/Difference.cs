using System.Text.Json.Serialization;

namespace BestOfN.Data.Evaluation;

/// <summary>Two means over the same problems, and their difference.</summary>
/// <param name="Before">Mean of the other generator.</param>
/// <param name="After">Mean of this one.</param>
/// <param name="Value">After − before.</param>
/// <param name="Low">Lower end of the 95 % interval of the difference.</param>
/// <param name="High">Upper end.</param>
public sealed record Difference(double Before, double After, double Value, double Low, double High)
{
    /// <summary>Whether the interval excludes 0.</summary>
    [JsonIgnore]
    public bool IsClear => Low > 0 || High < 0;

    /// <summary>From one value per problem of each.</summary>
    internal static Difference Of(IReadOnlyList<double> before, IReadOnlyList<double> after)
    {
        double[] each = [.. before.Zip(after, (b, a) => a - b)];
        var mean = each.Average();

        // A single problem says nothing about the spread.
        var error = each.Length < 2 ? double.PositiveInfinity
            : Estimate.Quantile * Math.Sqrt(each.Sum(d => (d - mean) * (d - mean)) / (each.Length - 1) / each.Length);
        return new(
            before.Average(), after.Average(), mean, double.IsFinite(error) ? mean - error : double.MinValue,
            double.IsFinite(error) ? mean + error : double.MaxValue);
    }
}
