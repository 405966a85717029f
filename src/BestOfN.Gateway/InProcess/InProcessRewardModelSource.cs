using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.LLama.Models;

namespace BestOfN.Gateway.InProcess;

/// <summary>Reward models from folders and GGUF files; the path tells which.</summary>
internal sealed class InProcessRewardModelSource(FolderRewardModelSource folders, GgufRewardModelSource files) : IRewardModelSource
{
    public IEnumerable<(string Setting, string Problem)> Check(RewardModelOptions options) => For(options).Check(options);

    public IRewardModel Open(string name, RewardModelOptions options) => For(options).Open(name, options);

    private IRewardModelSource For(RewardModelOptions options) => GgufCheck.IsNamed(options.Path) ? files : folders;
}
