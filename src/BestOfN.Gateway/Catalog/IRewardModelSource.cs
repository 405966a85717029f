using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Catalog;

/// <summary>Opens the reward models that the configuration names.</summary>
internal interface IRewardModelSource
{
    /// <summary>Opens the model. May take long; called once for each, when the gateway starts.</summary>
    IRewardModel Open(string name, RewardModelOptions options);
}
