namespace BestOfN.Data.Samples;

/// <summary>Two answers to one prompt.</summary>
/// <param name="Chosen">The better one.</param>
/// <param name="Rejected">The worse one.</param>
public sealed record AnswerPair(SampledAnswer Chosen, SampledAnswer Rejected);
