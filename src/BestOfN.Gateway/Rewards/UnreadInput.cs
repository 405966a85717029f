namespace BestOfN.Gateway.Rewards;

/// <summary>One prompt with its answer, as a request has it: how it is read may depend on the settings of the reward model.</summary>
internal abstract record UnreadInput;
