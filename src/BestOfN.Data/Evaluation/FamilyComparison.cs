namespace BestOfN.Data.Evaluation;

/// <summary>The comparison for the problems of a family.</summary>
/// <param name="Problems">How many there are.</param>
/// <param name="Greedy">The greedy answer is correct.</param>
/// <param name="Pass1">A drawn answer is correct.</param>
/// <param name="PassAll">At least one of all answers is correct.</param>
/// <param name="RewardAll">The answer of the highest reward of all is correct.</param>
public sealed record FamilyComparison(int Problems, Difference Greedy, Difference Pass1, Difference PassAll, Difference RewardAll);
