namespace BestOfN.Core.Selection;

/// <summary>
/// Answers that are equal after normalisation share their weight, the sum of softmax(score) over the prompt's candidates; the heaviest
/// answer wins in its best-scored wording. Where all answers differ, this is <see cref="RewardStrategy"/>.
/// </summary>
internal sealed class WeightedVoteStrategy : ISelectionStrategy
{
    public string Name => SelectionStrategies.WeightedVote;

    public bool NeedsScores => true;

    public IReadOnlyList<ScoredCandidate> Rank(IReadOnlyList<ScoredCandidate> candidates)
    {
        if (candidates.Count == 0)
        {
            return candidates;
        }

        // exp(score − highest) is softmax up to a factor that all share. The best score tells weights apart that underflow to equal values.
        var highest = candidates.Max(ScoreOf);
        return
        [
            .. candidates
                .GroupBy(candidate => candidate.Key)
                .OrderByDescending(group => group.Sum(candidate => Math.Exp(ScoreOf(candidate) - highest)))
                .ThenByDescending(group => group.Max(ScoreOf))
                .SelectMany(group => group.OrderByDescending(ScoreOf)),
        ];
    }

    private static double ScoreOf(ScoredCandidate candidate) => candidate.Score!.Value.Value;
}
