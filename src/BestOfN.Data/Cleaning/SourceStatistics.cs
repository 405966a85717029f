namespace BestOfN.Data.Cleaning;

/// <summary>Usual scores of a source: the median score per length of the answer, and the spread around it.</summary>
/// <param name="Turns">How many it is made from.</param>
/// <param name="Median">The median of all scores.</param>
/// <param name="Bins">Expected score per length bin.</param>
/// <param name="Center">Median distance from the expected score.</param>
/// <param name="Sigma">Spread of the distance.</param>
internal sealed record SourceStatistics(int Turns, double Median, IReadOnlyDictionary<int, double> Bins, double Center, double Sigma)
{
    // Makes the median absolute deviation of a normal distribution its standard deviation.
    private const double NormalDeviation = 1.4826;

    private const int MostBins = 33;

    /// <summary>The length bin: floor(log2(1 + length)).</summary>
    public static byte Bin(int length) => (byte)System.Numerics.BitOperations.Log2((uint)length + 1);

    /// <param name="bins">The length bin of each turn.</param>
    /// <param name="scores">The score of each turn.</param>
    /// <param name="options">How much bins are shrunk, and the least spread.</param>
    public static SourceStatistics Of(byte[] bins, double[] scores, CleaningOptions options)
    {
        var sorted = (double[])scores.Clone();
        var median = MedianOf(sorted);
        var expected = new Dictionary<int, double>();
        for (var bin = 0; bin < MostBins; bin++)
        {
            var count = 0;
            for (var i = 0; i < scores.Length; i++)
            {
                if (bins[i] == bin)
                {
                    sorted[count++] = scores[i];
                }
            }

            if (count > 0)
            {
                expected.Add(bin, ((count * MedianOf(sorted.AsSpan(0, count))) + (options.Shrink * median)) / (count + options.Shrink));
            }
        }

        for (var i = 0; i < scores.Length; i++)
        {
            sorted[i] = scores[i] - expected[bins[i]];
        }

        var center = MedianOf(sorted);
        for (var i = 0; i < scores.Length; i++)
        {
            sorted[i] = Math.Abs(sorted[i] - center);
        }

        return new(scores.Length, median, expected, center, Math.Max(NormalDeviation * MedianOf(sorted), options.SigmaFloor));
    }

    /// <summary>A small source: its own level, and the shape and spread of all sources together.</summary>
    public static SourceStatistics Pooled(int turns, double median, SourceStatistics pool) =>
        new(turns, median, pool.Bins.ToDictionary(bin => bin.Key, bin => median + bin.Value), pool.Center, pool.Sigma);

    public double Z(byte bin, double score) => (score - Bins.GetValueOrDefault(bin, Median) - Center) / Sigma;

    /// <summary>The score that has this z.</summary>
    public double ScoreAt(int bin, double z) => Bins.GetValueOrDefault(bin, Median) + Center + (z * Sigma);

    /// <param name="values">Are sorted.</param>
    public static double MedianOf(Span<double> values)
    {
        values.Sort();
        var middle = values.Length / 2;
        return values.Length == 0 ? 0 : values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
