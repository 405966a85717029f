namespace BestOfN.Data.Benchmarks;

internal static class Comparisons
{
    /// <param name="better">The score that should be greater.</param>
    /// <param name="worse">The score that should be less.</param>
    public static Comparison Of(float? better, float? worse) =>
        better is not { } high || worse is not { } low ? Comparison.Unscored
        : high > low ? Comparison.Won
        : high == low ? Comparison.Tied
        : Comparison.Lost;
}
