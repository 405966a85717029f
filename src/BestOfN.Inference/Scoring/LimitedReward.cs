namespace BestOfN.Inference.Scoring;

/// <param name="Score">Null: the conversation is longer than the limit and was not cut.</param>
/// <param name="Tokens">Tokens of the whole conversation, before it was cut.</param>
/// <param name="IsTruncated">The score is that of a part.</param>
public sealed record LimitedReward(double? Score, int Tokens, bool IsTruncated);
