namespace BestOfN.Data.Benchmarks;

/// <summary>A mean over prompts, whose several comparisons depend on each other.</summary>
internal readonly record struct ClusteredMean(double Value, double StandardError)
{
    /// <param name="perPrompt">One value per prompt: the mean of its comparisons.</param>
    public static ClusteredMean Of(IReadOnlyList<double> perPrompt)
    {
        var (n, mean) = (perPrompt.Count, perPrompt.DefaultIfEmpty().Average());

        // A single prompt says nothing about the spread.
        return new(mean, n > 1 ? Math.Sqrt(perPrompt.Sum(v => (v - mean) * (v - mean)) / (n - 1) / n) : n == 1 ? 1 : 0);
    }

    /// <summary>The mean of independent means.</summary>
    public static ClusteredMean MeanOf(IReadOnlyList<ClusteredMean> means) => means.Count == 0 ? default
        : new(means.Average(m => m.Value), Math.Sqrt(means.Sum(m => m.StandardError * m.StandardError)) / means.Count);
}
