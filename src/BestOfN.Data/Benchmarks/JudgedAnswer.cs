namespace BestOfN.Data.Benchmarks;

/// <param name="Score">Null: the conversation is longer than the limit.</param>
/// <param name="Tokens">Of the whole conversation, before it was cut.</param>
/// <param name="IsTruncated">The score is that of a part.</param>
public sealed record JudgedAnswer(float? Score, int Tokens, bool IsTruncated);
