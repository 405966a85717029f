using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.LLama.Models;
using BestOfN.LLama.Scoring;

namespace BestOfN.Gateway.InProcess;

/// <summary>Reward models from GGUF files with a head beside them.</summary>
internal sealed class GgufRewardModelSource(IHostEnvironment environment) : IRewardModelSource
{
    public bool Opens(RewardModelOptions options) => options.Protocol is null && GgufCheck.IsNamed(options.Path);

    public IEnumerable<(string Setting, string Problem)> Check(RewardModelOptions options)
    {
        var path = Full(options.Path);
        if (GgufCheck.RewardModelProblem(path) is { } problem)
        {
            yield return (nameof(options.Path), problem);
        }
        else if (options.Head is null)
        {
            yield return (nameof(options.Head), "must name the safetensors file with the reward head of the GGUF file.");
        }
        else if (GgufRewardModel.HeadProblem(path, Full(options.Head)) is { } misfit)
        {
            yield return (nameof(options.Head), misfit);
        }
        else if (options.ContextTokens is { } tokens && options.Device == "cpu"
            && GgufCheck.ContextProblem(path, tokens, IsExact(options)) is { } tooMany)
        {
            yield return (nameof(options.ContextTokens), tooMany);
        }

        if (options.Cluster is not null)
        {
            yield return (nameof(options.Cluster), "is for reward models on other servers only, which have a Protocol.");
        }

        if (options.Dtype == "bfloat16")
        {
            yield return (nameof(options.Dtype), "must be auto or float32 for a GGUF file, which decides about the rest.");
        }

        foreach (var (setting, value) in ((string, object?)[])
            [
                (nameof(options.HdNum), options.HdNum), (nameof(options.PictureCacheBytes), options.PictureCacheBytes),
                (nameof(options.PromptCacheBytes), options.PromptCacheBytes), (nameof(options.StepReward), options.StepReward),
            ])
        {
            if (value is not null)
            {
                yield return (setting, "is for model folders only.");
            }
        }
    }

    public IRewardModel Open(string name, RewardModelOptions options)
    {
        var defaults = new GgufRewardModelOptions();
        return GgufRewardModel.Load(name, Full(options.Path), Full(options.Head!), defaults with
        {
            ContextTokens = options.ContextTokens,
            TokensPerPass = options.TokensPerPass ?? defaults.TokensPerPass,
            QueueLength = options.QueueLength ?? defaults.QueueLength,
            IsExact = IsExact(options),
            Device = options.Device,
        });
    }

    private static bool IsExact(RewardModelOptions options) => options.Dtype == "float32";

    private string Full(string path) => Path.GetFullPath(path, environment.ContentRootPath);
}
