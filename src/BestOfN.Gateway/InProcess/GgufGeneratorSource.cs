using BestOfN.Core.Generation;
using BestOfN.Gateway.Configuration;
using BestOfN.LLama.Generation;
using BestOfN.LLama.Models;

namespace BestOfN.Gateway.InProcess;

/// <summary>Generators from GGUF files, computed by llama.cpp.</summary>
internal sealed class GgufGeneratorSource(IHostEnvironment environment, TimeProvider time) : IGeneratorSource
{
    private const int MostSequences = 256;

    public string Kind => ModelOptions.Gguf;

    public bool ForwardsVerbatim => false;

    public IEnumerable<(string Setting, string Problem)> Check(ModelOptions options)
    {
        var path = string.IsNullOrEmpty(options.Path) ? null : Path.GetFullPath(options.Path, environment.ContentRootPath);
        if (path is null)
        {
            yield return (nameof(options.Path), "must name a GGUF file.");
        }
        else if (GgufCheck.GeneratorProblem(path) is { } problem)
        {
            yield return (nameof(options.Path), problem);
        }
        else if (options.ContextTokens is { } tokens && options.Device == "cpu"
            && GgufCheck.ContextProblem(path, tokens, IsExact(options)) is { } tooMany)
        {
            yield return (nameof(options.ContextTokens), tooMany);
        }

        if (options.Dtype == "bfloat16")
        {
            yield return (nameof(options.Dtype), "must be auto or float32 for a GGUF file, which decides about the rest.");
        }

        if (options.MaxSequences > MostSequences)
        {
            yield return (nameof(options.MaxSequences), $"{options.MaxSequences} is more than llama.cpp's {MostSequences}.");
        }

        foreach (var (setting, value) in ((string, object?)[])
            [(nameof(options.HdNum), options.HdNum), (nameof(options.PictureCacheBytes), options.PictureCacheBytes)])
        {
            if (value is not null)
            {
                yield return (setting, "is for models that see pictures; a GGUF model reads text.");
            }
        }

        if (options.Cluster is not null)
        {
            yield return (nameof(options.Cluster), "is for upstream models only.");
        }
    }

    public IGenerator Open(string model, ModelOptions options)
    {
        var defaults = new GgufGeneratorOptions();
        return GgufGenerator.Load(
            Path.GetFullPath(options.Path!, environment.ContentRootPath),
            defaults with
            {
                MaxSequences = options.MaxSequences ?? defaults.MaxSequences,
                QueueLength = options.QueueLength ?? defaults.QueueLength,
                TokensPerPrefill = options.TokensPerPrefill ?? defaults.TokensPerPrefill,
                MaxTokens = options.MaxTokens ?? defaults.MaxTokens,
                ContextTokens = options.ContextTokens,
                IsExact = IsExact(options),
                Device = options.Device,
            },
            time);
    }

    private static bool IsExact(ModelOptions options) => options.Dtype == "float32";
}
