namespace BestOfN.Core.Selection;

/// <summary>The candidate with the lowest index wins: what a client would have got without best of N.</summary>
internal sealed class FirstStrategy : ISelectionStrategy
{
    public string Name => SelectionStrategies.First;

    public bool NeedsScores => false;

    public IReadOnlyList<ScoredCandidate> Rank(IReadOnlyList<ScoredCandidate> candidates) => candidates;

    public bool IsDecided(IReadOnlyList<ScoredCandidate> finished, int outstanding) => finished is [{ Candidate.Index: 0 }, ..];
}
