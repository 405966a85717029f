using BestOfN.Data.Benchmarks;

namespace BestOfN.Data.Evaluation;

/// <summary>A mean over problems with its 95 % interval.</summary>
/// <remarks>The interval is the normal approximation with problems as independent draws:
/// value ± 1.96 standard errors, within 0..1.</remarks>
public readonly record struct Estimate(double Value, double Low, double High)
{
    /// <param name="values">One value in 0..1 per problem; at least one.</param>
    public static Estimate OfMean(IReadOnlyList<double> values) => OfRatio(values, [.. Enumerable.Repeat(1.0, values.Count)])!.Value;

    /// <summary>Sum over sum, where a problem adds to both: its error is that of the residuals numerator − ratio · denominator.</summary>
    /// <returns>Null if the denominators are all 0.</returns>
    public static Estimate? OfRatio(IReadOnlyList<double> numerators, IReadOnlyList<double> denominators)
    {
        var total = denominators.Sum();
        if (total == 0)
        {
            return null;
        }

        var (n, ratio) = (numerators.Count, numerators.Sum() / total);
        var squares = numerators.Zip(denominators, (a, b) => Math.Pow(a - ratio * b, 2)).Sum();

        // A single problem says nothing about the spread.
        var error = n > 1 ? Interval.Quantile * Math.Sqrt(squares * n / (n - 1)) / total : 1;
        return new(ratio, Math.Max(0, ratio - error), Math.Min(1, ratio + error));
    }
}
