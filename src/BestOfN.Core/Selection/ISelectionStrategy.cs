namespace BestOfN.Core.Selection;

/// <summary>A rule that orders the candidates of one prompt. Pure: it sees candidates and scores, nothing else.</summary>
public interface ISelectionStrategy
{
    /// <summary>What a request or the configuration asks for.</summary>
    string Name { get; }

    /// <summary>Whether the rule means anything without scores. If so, it is given scored candidates only.</summary>
    bool NeedsScores { get; }

    /// <summary>Orders the candidates, best first.</summary>
    /// <param name="candidates">In the order of their indices. All have the same <see cref="AnswerFlaw"/>, mostly none.</param>
    /// <returns>The same candidates.</returns>
    IReadOnlyList<ScoredCandidate> Rank(IReadOnlyList<ScoredCandidate> candidates);

    /// <summary>Whether no candidate that is still being made can change the winner, so that waiting for it is in vain.</summary>
    /// <param name="finished">Candidates without a flaw, in the order of their indices.</param>
    /// <param name="outstanding">How many are still being made.</param>
    bool IsDecided(IReadOnlyList<ScoredCandidate> finished, int outstanding) => false;
}
