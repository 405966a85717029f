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

    /// <summary>Who judges; null where nobody does.</summary>
    public IRewardModel? RewardModel { get; init; }

    /// <summary>A name in <see cref="SelectionStrategies"/>.</summary>
    public string Strategy { get; init; } = SelectionStrategies.Default;

    /// <summary>How many of the ranked candidates the caller will use, at least 1.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Judge even where the strategy would not need it, for the caller wants to see scores.</summary>
    public bool WantsScores { get; init; }

    /// <summary>What the answers must look like; null where nothing is asked.</summary>
    public IAnswerDemands? Demands { get; init; }

    /// <summary>Wall-clock limit. The answer is then the best of what has been judged.</summary>
    public required TimeSpan TimeBudget { get; init; }

    /// <summary>Receives the pieces as they arrive where there is only one candidate; never completed by the selector.</summary>
    public ChannelWriter<CandidateDelta>? Live { get; init; }
}
