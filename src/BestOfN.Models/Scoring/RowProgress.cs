namespace BestOfN.Models.Scoring;

/// <summary>How far a file is scored.</summary>
public readonly record struct RowProgress(int Done, int Total);
