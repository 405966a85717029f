using System.Threading.Channels;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;

namespace BestOfN.Core.Selection;

/// <summary>One best-of-N request.</summary>
public sealed record SelectionRequest
{
    public required IGenerator Generator { get; init; }

    /// <summary>What the operator calls the model, for metrics; null: as the generator calls it.</summary>
    public string? Model { get; init; }

    /// <summary>What to generate; <see cref="GenerationRequest.Candidates"/> is the N.</summary>
    public required GenerationRequest Generation { get; init; }

    /// <summary>The reward model that scores the candidates; null: they are not scored.</summary>
    public IRewardModel? RewardModel { get; init; }

    /// <summary>A name in <see cref="SelectionStrategies"/>.</summary>
    public string Strategy { get; init; } = SelectionStrategies.Default;

    /// <summary>How many of the ranked candidates the caller will use, at least 1.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>The caller wants to see scores: candidates are scored even where the strategy does not need it.</summary>
    public bool WantsScores { get; init; }

    /// <summary>What the answers must look like; null where nothing is asked.</summary>
    public IAnswerDemands? Demands { get; init; }

    /// <summary>How long several candidates are waited for. The answer is then the best of what is there.</summary>
    public required TimeSpan TimeBudget { get; init; }

    /// <summary>
    /// The time budget may cut an answer short, for the caller asked for it. Otherwise it ends the waiting for more candidates only: the
    /// first one is waited for, and a single one has all the time it needs.
    /// </summary>
    public bool CutsAnswers { get; init; } = true;

    /// <summary>At temperature 0 all candidates are the same one: no more are made than the caller will use.</summary>
    public int CandidatesToMake => Generation.Sampling.Temperature == 0 ? Math.Min(Generation.Candidates, Choices) : Generation.Candidates;

    /// <summary>Whether the candidates are shown to the reward model.</summary>
    public bool IsJudged(ISelectionStrategy strategy) =>
        RewardModel is not null && (WantsScores || (strategy.NeedsScores && CandidatesToMake > 1));

    /// <summary>
    /// Receives what happens to each candidate, in the order in which it happens: events of the generation, and
    /// <see cref="CandidateScored"/>. Several threads write to it; never completed by the selector. Null: nobody looks on.
    /// </summary>
    public ChannelWriter<GenerationEvent>? Live { get; init; }
}
