using BestOfN.Core.Rewards;

namespace BestOfN.Core.Selection;

/// <summary>How the scoring of candidates ended. The scores are in the <see cref="CandidateSlot"/>s.</summary>
internal sealed record ScoringOutcome
{
    /// <summary>Nothing was to be scored.</summary>
    public static ScoringOutcome None { get; } = new();

    /// <summary>The reward model failed: some candidates or all have no score.</summary>
    public bool HasFailed { get; init; }

    /// <summary>The time budget ended before all candidates were scored.</summary>
    public bool RanOut { get; init; }

    /// <summary>The reward model cannot read the prompt: no fallback mends that.</summary>
    public ScoringFailedException? Refusal { get; init; }

    /// <summary>Spent in passes of the reward model.</summary>
    public TimeSpan Time { get; init; }
}
