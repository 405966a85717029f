namespace BestOfN.Benchmarks;

/// <summary>Statistics of measured values.</summary>
internal static class Samples
{
    public static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>The largest difference between two lists of scores for the same answers.</summary>
    public static double Difference(float[] a, float[] b) => a.Zip(b, (x, y) => (double)Math.Abs(x - y)).Max();

    /// <summary>Standard deviation.</summary>
    public static double Spread(float[] scores)
    {
        var mean = scores.Average(s => (double)s);
        return Math.Sqrt(scores.Average(s => (s - mean) * (s - mean)));
    }
}
