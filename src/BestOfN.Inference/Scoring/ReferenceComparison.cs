namespace BestOfN.Inference.Scoring;

/// <summary>Which of two conversations is better.</summary>
/// <param name="IsFirstBetter">The first scores strictly higher.</param>
/// <param name="First">Score of the first.</param>
/// <param name="Second">Score of the second.</param>
public sealed record ReferenceComparison(bool IsFirstBetter, double First, double Second);
