using BestOfN.Inputs.Scoring;

namespace BestOfN.Inference.Scoring;

/// <summary>A sequence within a limit of tokens.</summary>
/// <param name="Sequence">The sequence; null where it is too long and was not to be cut.</param>
/// <param name="Tokens">The tokens that it had before.</param>
/// <param name="IsCut">Whether some were left out.</param>
internal sealed record LimitedSequence(ScoringSequence? Sequence, int Tokens, bool IsCut);
