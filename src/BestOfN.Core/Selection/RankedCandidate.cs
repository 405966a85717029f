using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;

namespace BestOfN.Core.Selection;

/// <summary>What became of one candidate.</summary>
public sealed record RankedCandidate
{
    public required int Index { get; init; }

    public required CandidateStatus Status { get; init; }

    /// <summary>What kept it from winning while a better answer was there.</summary>
    public AnswerFlaw Flaw { get; init; }

    /// <summary>1 is the winner; null for a candidate that gave no answer.</summary>
    public int? Rank { get; init; }

    /// <summary>Null for a candidate that gave no answer.</summary>
    public Candidate? Candidate { get; init; }

    public CandidateScore? Score { get; init; }

    /// <summary>The answer is only a beginning, ended by a budget while nothing else had finished.</summary>
    public bool IsPartial { get; init; }
}
