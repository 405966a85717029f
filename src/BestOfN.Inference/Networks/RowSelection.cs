using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>Some rows of a matrix.</summary>
/// <param name="Count">How many.</param>
/// <param name="Parts">Which, ascending: stretches of adjacent rows.</param>
/// <param name="Mask">1 for these rows, 0 for the others, [T, 1] float32; only in training, and null for all rows or none.</param>
internal readonly record struct RowSelection(int Count, IReadOnlyList<(long First, long Count)> Parts, Tensor? Mask = null);
