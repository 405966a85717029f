namespace BestOfN.Core.Selection;

/// <summary>
/// The answer given most often wins; between answers given equally often the one with the higher best score, then the one given first.
/// </summary>
internal sealed class MajorityVoteStrategy : ISelectionStrategy
{
    public string Name => SelectionStrategies.MajorityVote;

    public bool NeedsScores => false;

    public IReadOnlyList<ScoredCandidate> Rank(IReadOnlyList<ScoredCandidate> candidates) =>
    [
        .. candidates
            .GroupBy(candidate => candidate.Key)
            .OrderByDescending(group => group.Count())
            .ThenByDescending(group => group.Max(ScoreOf))
            .SelectMany(group => group.OrderByDescending(ScoreOf)),
    ];

    public bool IsDecided(IReadOnlyList<ScoredCandidate> finished, int outstanding)
    {
        var counts = finished.GroupBy(candidate => candidate.Key).Select(group => group.Count()).OrderDescending().ToList();
        return counts.Count > 0 && counts[0] > counts.ElementAtOrDefault(1) + outstanding;
    }

    private static double ScoreOf(ScoredCandidate candidate) => candidate.Score?.Value ?? double.NegativeInfinity;
}
