namespace BestOfN.Core.Selection;

/// <summary>The highest score wins.</summary>
internal sealed class RewardStrategy : ISelectionStrategy
{
    public string Name => SelectionStrategies.Reward;

    public bool NeedsScores => true;

    // The sort is stable, so equal scores stay in the order of their indices.
    public IReadOnlyList<ScoredCandidate> Rank(IReadOnlyList<ScoredCandidate> candidates) =>
        [.. candidates.OrderByDescending(candidate => candidate.Score!.Value.Value)];
}
