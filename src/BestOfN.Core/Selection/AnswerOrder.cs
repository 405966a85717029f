namespace BestOfN.Core.Selection;

/// <summary>The order of the answers to one prompt: first by their flaws, then judged ones before unjudged ones.</summary>
/// <remarks>
/// Judged answers with the same flaw are ordered by the strategy, unjudged ones by majority vote. A strategy that needs no scores orders
/// both together.
/// </remarks>
public static class AnswerOrder
{
    private static readonly MajorityVoteStrategy _withoutScores = new();

    /// <param name="strategy">The rule.</param>
    /// <param name="answers">Each with its flaw, in the order of their indices.</param>
    /// <returns>The same answers, the best first.</returns>
    public static IEnumerable<ScoredCandidate> Of(
        ISelectionStrategy strategy, IEnumerable<(ScoredCandidate Candidate, AnswerFlaw Flaw)> answers) =>
        answers
            .GroupBy(answer => (answer.Flaw, IsUnscored: answer.Candidate.Score is null && strategy.NeedsScores))
            .OrderBy(group => group.Key.Flaw)
            .ThenBy(group => group.Key.IsUnscored)
            .SelectMany(group => (group.Key.IsUnscored ? _withoutScores : strategy).Rank([.. group.Select(answer => answer.Candidate)]));
}
