namespace BestOfN.Data.Benchmarks;

/// <summary>One number of a benchmark.</summary>
/// <param name="Name">With the formula's name where there are several.</param>
/// <param name="Value">0..1 (the Ties subset of RewardBench 2: −0.01..1.01).</param>
/// <param name="Interval">Lower and upper end of the 95 % interval; null: none is computed.</param>
/// <param name="Rows">How many rows it is made from.</param>
public sealed record BenchmarkFigure(string Name, double Value, Interval? Interval, int Rows);
