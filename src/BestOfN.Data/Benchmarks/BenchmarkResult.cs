using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>What a benchmark says about a reward model.</summary>
/// <param name="Metrics">All figures, under the names that the benchmark's result file has.</param>
/// <param name="Figures">The main figures, in the order in which they are printed.</param>
/// <param name="Unscored">Rows in which a score is missing or not finite; they lose.</param>
/// <param name="Ties">Comparisons with equal scores; they lose unless the benchmark shares them.</param>
public sealed record BenchmarkResult(JsonObject Metrics, IReadOnlyList<BenchmarkFigure> Figures, int Unscored, int Ties)
{
    /// <summary>The share of rows without scores above which a result says little.</summary>
    private const double MostUnscored = 0.01;

    /// <summary>For every row, in order, whether the reward model is right, for comparisons with another one; empty where a row says no
    /// such thing.</summary>
    public IReadOnlyList<bool> Right { get; init; } = [];

    /// <summary>Whether enough of the rows have scores for the figures to count.</summary>
    /// <param name="rows">How many there are.</param>
    public bool IsComplete(int rows) => Unscored <= MostUnscored * rows;
}
