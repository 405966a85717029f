namespace BestOfN.Data.Evaluation;

/// <summary>All answers drawn for one problem, in the order of their index, and whether the greedy answer is correct.</summary>
public sealed record CandidatePool(IReadOnlyList<PooledAnswer> Answers, bool GreedyIsCorrect);
