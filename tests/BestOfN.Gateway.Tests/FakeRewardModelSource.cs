using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Tests;

internal sealed class FakeRewardModelSource(IRewardModel rewardModel) : IRewardModelSource
{
    public IEnumerable<(string Setting, string Problem)> Check(RewardModelOptions options) => [];

    public IRewardModel Open(string name, RewardModelOptions options) => rewardModel;
}
