namespace BestOfN.Data.Benchmarks;

/// <param name="Score">Null: the conversation is longer than the limit.</param>
/// <param name="Tokens">Tokens of the whole conversation, before it was cut to the limit.</param>
/// <param name="IsTruncated">The conversation was cut: the score is that of its remaining part.</param>
public sealed record JudgedAnswer(float? Score, int Tokens, bool IsTruncated);
