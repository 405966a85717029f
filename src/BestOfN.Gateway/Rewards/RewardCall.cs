using BestOfN.Core.Rewards;

namespace BestOfN.Gateway.Rewards;

/// <summary>A request for rewards, whatever protocol it came in.</summary>
internal sealed record RewardCall
{
    /// <summary>The reward model that is named; null or empty: none is.</summary>
    public string? Model { get; init; }

    /// <summary>The name under which the reward model is configured, where the route says it and not the client.</summary>
    public string? ConfiguredModel { get; init; }

    /// <summary>Inputs to be scored, in the order of the request; may be empty.</summary>
    public required IReadOnlyList<UnreadInput> Inputs { get; init; }

    public InputLimit Limit { get; init; } = InputLimit.None;

    /// <summary>The field that asks for <see cref="Limit"/>; null where none does.</summary>
    public string? LimitField { get; init; }

    /// <summary>Whether an input that is too long and is not cut has no reward. Otherwise the request is refused.</summary>
    public bool AllowsMissing { get; init; }

    /// <summary>Writes the answer.</summary>
    public required Func<RewardResults, RewardReply> Reply { get; init; }
}
