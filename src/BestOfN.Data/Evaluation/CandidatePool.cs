using BestOfN.Data.Worlds;

namespace BestOfN.Data.Evaluation;

/// <summary>All answers drawn for one problem, in the order of their index, and whether the greedy answer is correct.</summary>
/// <param name="Answers">The answers.</param>
/// <param name="GreedyIsCorrect">Whether the greedy answer is correct.</param>
/// <param name="Family">What the problem asks for; null where nobody says.</param>
public sealed record CandidatePool(IReadOnlyList<PooledAnswer> Answers, bool GreedyIsCorrect, ProblemFamily? Family = null);
