using System.Diagnostics.Metrics;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.LLama.Models;

namespace BestOfN.Gateway.InProcess;

/// <summary>Reward models from model folders.</summary>
/// <param name="devices">Where they are computed.</param>
/// <param name="environment">Tells where relative paths begin.</param>
/// <param name="meters">Where counters go.</param>
/// <param name="digests">Whether the files of a model are read for its digest; asked when a model is opened.</param>
internal sealed class FolderRewardModelSource(
    DeviceWorkers devices, IHostEnvironment environment, IMeterFactory meters, Func<bool>? digests = null) : IRewardModelSource
{
    public bool Opens(RewardModelOptions options) => options.Protocol is null && !GgufCheck.IsNamed(options.Path);

    public IEnumerable<(string Setting, string Problem)> Check(RewardModelOptions options)
    {
        if (ModelFolder.Problem(options.Path, environment, isRewardModel: true) is { } problem)
        {
            yield return (nameof(options.Path), problem);
        }

        foreach (var (setting, value) in ((string, object?)[])
            [(nameof(options.Head), options.Head), (nameof(options.ContextTokens), options.ContextTokens)])
        {
            if (value is not null)
            {
                yield return (setting, "is for GGUF files only.");
            }
        }

        if (options.Cluster is not null)
        {
            yield return (nameof(options.Cluster), "is for reward models on other servers only, which have a Protocol.");
        }
    }

    public IRewardModel Open(string name, RewardModelOptions options)
    {
        var worker = devices.On(options.Device);
        var defaults = new ScoringOptions();
        return ScoringEngine.Load(
            name, Path.GetFullPath(options.Path, environment.ContentRootPath), ComputeTypes.Of(options.Dtype, worker.Device), worker,
            defaults with
            {
                PromptCacheBytes = options.PromptCacheBytes ?? defaults.PromptCacheBytes,
                ImageCacheBytes = options.PictureCacheBytes ?? defaults.ImageCacheBytes,
                HdNum = options.HdNum,
                TokensPerPass = options.TokensPerPass ?? defaults.TokensPerPass,
                QueueLength = options.QueueLength ?? defaults.QueueLength,
                StepReward = options.StepReward ?? defaults.StepReward,
            },
            meters,
            digests: digests?.Invoke() ?? false);
    }
}
