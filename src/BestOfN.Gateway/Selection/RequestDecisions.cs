using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Models;

namespace BestOfN.Gateway.Selection;

/// <summary>What was decided for a request, before anything is opened or read for it.</summary>
internal sealed record RequestDecisions
{
    public required ServedModel Model { get; init; }

    /// <summary>How many candidates, at least 1.</summary>
    public required int Candidates { get; init; }

    /// <summary>How many of them come back, at least 1 and at most <see cref="Candidates"/>.</summary>
    public required int Choices { get; init; }

    public required ISelectionStrategy Strategy { get; init; }

    /// <summary>Null: the candidates are not scored.</summary>
    public required CatalogEntry<IRewardModel>? RewardModel { get; init; }

    public required bool WantsScores { get; init; }

    public required TimeSpan TimeBudget { get; init; }

    /// <summary>The client asked for the time budget, so that it may cut answers short.</summary>
    public required bool CutsAnswers { get; init; }

    /// <summary>Generated tokens over all candidates; null: no limit.</summary>
    public required int? TokenBudget { get; init; }
}
