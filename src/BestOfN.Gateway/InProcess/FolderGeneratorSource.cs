using System.Diagnostics.Metrics;
using BestOfN.Core.Generation;
using BestOfN.Gateway.Configuration;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Runtime;

namespace BestOfN.Gateway.InProcess;

/// <summary>Generators from model folders.</summary>
internal sealed class FolderGeneratorSource(DeviceWorkers devices, IHostEnvironment environment, TimeProvider time, IMeterFactory meters)
    : IGeneratorSource
{
    public string Kind => ModelOptions.Folder;

    public bool ForwardsVerbatim => false;

    public IEnumerable<(string Setting, string Problem)> Check(ModelOptions options)
    {
        // Whether the folder exists is checked for every kind.
        if (string.IsNullOrEmpty(options.Path))
        {
            yield return (nameof(options.Path), "must name a model folder.");
        }
        else if (ModelFolder.Problem(options.Path, environment, isRewardModel: false) is { } problem)
        {
            yield return (nameof(options.Path), problem);
        }

        if (options.ContextTokens is not null)
        {
            yield return (nameof(options.ContextTokens), "is for GGUF models only.");
        }

        if (options.Cluster is not null)
        {
            yield return (nameof(options.Cluster), "is for upstream models only.");
        }
    }

    public IGenerator Open(string model, ModelOptions options)
    {
        var worker = devices.On(options.Device);
        var defaults = new GenerationOptions();
        return GenerationEngine.Load(
            Path.GetFullPath(options.Path!, environment.ContentRootPath), ComputeTypes.Of(options.Dtype, worker.Device), worker,
            defaults with
            {
                MaxSequences = options.MaxSequences ?? defaults.MaxSequences,
                HdNum = options.HdNum,
                ImageCacheBytes = options.PictureCacheBytes ?? defaults.ImageCacheBytes,
                QueueLength = options.QueueLength ?? defaults.QueueLength,
                TokensPerPrefill = options.TokensPerPrefill ?? defaults.TokensPerPrefill,
                MaxTokens = options.MaxTokens ?? defaults.MaxTokens,
            },
            time, model, meters);
    }
}
