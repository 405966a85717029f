using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>A 95 % interval.</summary>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>The 97.5 % quantile of the normal distribution.</summary>
    internal const double Quantile = 1.959963984540054;

    /// <summary>The normal approximation, within 0..1.</summary>
    internal static Interval OfError(double value, double standardError) =>
        new(Math.Max(0, value - Quantile * standardError), Math.Min(1, value + Quantile * standardError));

    internal JsonArray ToJson() => [Low, High];
}
