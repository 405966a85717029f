using BestOfN.Core.Rewards;

namespace BestOfN.Training.Evaluation;

/// <summary>An answer, what the reward model thinks of it, and what is true of it.</summary>
public sealed record PooledAnswer(string Text, CandidateScore Score, bool IsCorrect);
