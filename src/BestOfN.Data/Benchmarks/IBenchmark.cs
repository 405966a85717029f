using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>A public benchmark of reward models: what it asks, and what it computes from the scores. Needs no model.</summary>
public interface IBenchmark
{
    /// <summary>As the command line calls it.</summary>
    string Name { get; }

    /// <summary>What the benchmark is, in one sentence.</summary>
    string Description { get; }

    /// <summary>What a row of the published data asks.</summary>
    /// <exception cref="InvalidDataException">The row is not as published. The message names the row and the field.</exception>
    BenchmarkQuestion Ask(BenchmarkRow row);

    /// <summary>A row of scores as <see cref="Measure"/> reads it.</summary>
    /// <param name="row">The row of the data.</param>
    /// <param name="scores">One per answer of <see cref="Ask"/>, in that order; null where there is none.</param>
    JsonObject Scored(BenchmarkRow row, IReadOnlyList<float?> scores);

    /// <summary>All figures.</summary>
    /// <exception cref="InvalidDataException">A row is not as expected. The message names the row and the field.</exception>
    BenchmarkResult Measure(IReadOnlyList<BenchmarkRow> scored);
}
