namespace BestOfN.Core.Rewards;

/// <summary>One prompt with its answer, in the form in which it came.</summary>
public abstract record RewardInput;
