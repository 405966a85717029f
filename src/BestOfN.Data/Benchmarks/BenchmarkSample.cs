namespace BestOfN.Data.Benchmarks;

/// <summary>A part of the rows, drawn at random: its figures are not those of the benchmark.</summary>
/// <param name="Limit">Rows drawn.</param>
/// <param name="Seed">The same seed draws the same rows.</param>
/// <param name="Of">Rows that there are.</param>
public sealed record BenchmarkSample(int Limit, int Seed, int Of)
{
    /// <returns>The rows in their order, and what was drawn; null where there are no more rows than asked for.</returns>
    public static (IReadOnlyList<BenchmarkRow> Rows, BenchmarkSample? Sample) Draw(IReadOnlyList<BenchmarkRow> rows, int? limit, int seed)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (limit is not { } count || count >= rows.Count)
        {
            return (rows, null);
        }

        var places = Enumerable.Range(0, rows.Count).ToArray();
        new Random(seed).Shuffle(places);
        return ([.. places.Take(count).Order().Select(i => rows[i])], new(count, seed, rows.Count));
    }
}
