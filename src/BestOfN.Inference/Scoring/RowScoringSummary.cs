namespace BestOfN.Inference.Scoring;

/// <summary>What became of a file of rows.</summary>
/// <param name="Rows">All of them.</param>
/// <param name="Kept">Rows whose outcome an interrupted run left.</param>
/// <param name="Failed">Rows with an error in place of a score.</param>
public sealed record RowScoringSummary(int Rows, int Kept, int Failed);
