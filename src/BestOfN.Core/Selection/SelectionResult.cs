using BestOfN.Core.Generation;

namespace BestOfN.Core.Selection;

/// <summary>The outcome of one best-of-N request.</summary>
public sealed record SelectionResult
{
    public required string Strategy { get; init; }

    /// <summary>Null if nothing was to be judged.</summary>
    public string? RewardModel { get; init; }

    /// <summary>Candidates that were ordered.</summary>
    public required int Requested { get; init; }

    /// <summary>All candidates that were ordered: those with an answer first, best first; the others by index.</summary>
    public required IReadOnlyList<RankedCandidate> Candidates { get; init; }

    /// <summary>What was lost on the way, in the words of <see cref="Degradations"/>; empty if nothing was.</summary>
    public required IReadOnlyList<string> Degraded { get; init; }

    /// <summary>
    /// What all candidates cost. The prompt counts once, as it does in OpenAI's protocol for several choices; a candidate that was ended
    /// early counts with the pieces it had sent.
    /// </summary>
    public required TokenUsage TotalUsage { get; init; }

    public required SelectionTiming Timing { get; init; }

    public RankedCandidate Winner => Candidates[0];

    /// <summary>Candidates that gave an answer, best first.</summary>
    public IEnumerable<RankedCandidate> Ranking => Candidates.TakeWhile(candidate => candidate.Rank is not null);

    public int Finished => Candidates.Count(candidate => candidate is { Candidate: not null, IsPartial: false });

    public int Scored => Candidates.Count(candidate => candidate.Score is not null);
}
