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

    /// <summary>The length bin: floor(log2(1 + length)).</summary>
    public static byte Bin(int length) => (byte)System.Numerics.BitOperations.Log2((uint)length + 1);

    public static SourceStatistics Of(IReadOnlyList<(byte Bin, double Score)> turns, CleaningOptions options)
    {
        var median = MedianOf(turns.Select(turn => turn.Score));
        var bins = turns.GroupBy(turn => (int)turn.Bin).OrderBy(bin => bin.Key).ToDictionary(
            bin => bin.Key,
            bin => (bin.Count() * MedianOf(bin.Select(turn => turn.Score)) + options.Shrink * median) / (bin.Count() + options.Shrink));
        var errors = turns.Select(turn => turn.Score - bins[turn.Bin]).ToArray();
        var center = MedianOf(errors);
        return new(
            turns.Count, median, bins, center,
                Math.Max(NormalDeviation * MedianOf(errors.Select(e => Math.Abs(e - center))), options.SigmaFloor));
    }

    /// <summary>A small source: its own level, and the shape and spread of all sources together.</summary>
    public static SourceStatistics Pooled(int turns, double median, SourceStatistics pool) =>
        new(turns, median, pool.Bins.ToDictionary(bin => bin.Key, bin => median + bin.Value), pool.Center, pool.Sigma);

    public double Z(byte bin, double score) => (score - Bins.GetValueOrDefault(bin, Median) - Center) / Sigma;

    public static double MedianOf(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length == 0 ? 0 : sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
