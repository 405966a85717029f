using BestOfN.Core.Rewards;

namespace BestOfN.Gateway.Configuration;

/// <summary>Opens the reward models that the configuration names.</summary>
internal interface IRewardModelSource
{
    /// <summary>Whether such a reward model is opened by this source.</summary>
    bool Opens(RewardModelOptions options) => true;

    /// <summary>The mistakes in a reward model's settings that this source can tell.</summary>
    IEnumerable<(string Setting, string Problem)> Check(RewardModelOptions options);

    /// <summary>Opens the model. May take long; called once for each, when the gateway starts.</summary>
    IRewardModel Open(string name, RewardModelOptions options);
}
