namespace BestOfN.Core.Rewards;

/// <summary>Token ids of the reward model's own vocabulary: prompt and answer.</summary>
public sealed record TokenInput(IReadOnlyList<int> Ids) : RewardInput;
