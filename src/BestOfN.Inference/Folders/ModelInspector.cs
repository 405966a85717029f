using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;
using TorchSharp;

namespace BestOfN.Inference.Folders;

/// <summary>Tells what a model folder is, from its configuration and the headers of its weights; broken folders too.</summary>
/// <remarks>The network is put together as when it is loaded, from tensors without contents: what it asks for is what is expected, and
/// nothing is listed twice.</remarks>
public static partial class ModelInspector
{
    public static ModelInspection Inspect(string folder)
    {
        var inspection = new ModelInspection { Folder = folder };
        var problems = new List<string>();
        if (!Attempt(problems, () => ModelConfiguration.Load(folder), out var configuration))
        {
            // The rest can be told without it.
            inspection = InspectWeights(inspection, folder, problems);
        }
        else
        {
            inspection = inspection with { Architecture = configuration.Architecture };
            string[] known = [.. NetworkLoader.RewardModels.Union(NetworkLoader.LanguageModels)];
            if (Attempt(problems, () => DecoderFamilies.Of(configuration, known).Read(configuration), out var sizes))
            {
                inspection = inspection with { Decoder = sizes };
            }

            inspection = InspectWeights(inspection, folder, problems);
            if (inspection is { Decoder: not null, Weights: not null })
            {
                inspection = InspectNetwork(inspection, folder, problems);
            }
        }

        if (Attempt(problems, () => TokenizerFiles.Load(folder), out var tokenizer))
        {
            inspection = inspection with
            {
                Tokenizer = $"{(tokenizer is SentencePieceTokenizer ? "SentencePiece" : "byte-level")} BPE, {tokenizer.VocabularySize} "
                    + $"tokens, from {TokenizerFiles.Origin(tokenizer, folder)}",
            };
            if (inspection.Decoder is { } decoder && tokenizer.VocabularySize > decoder.VocabularySize)
            {
                problems.Add(
                    $"{folder}: tokenizer: expected at most {decoder.VocabularySize} tokens, as vocab_size says, found "
                    + $"{tokenizer.VocabularySize}.");
            }

            if (configuration is not null)
            {
                Attempt(problems, () => NoPolar(configuration, tokenizer), out _);
            }

            if (inspection.Architecture is { } architecture
                && Attempt(problems, () => ChatTemplate.Load(folder, architecture, tokenizer), out var template))
            {
                inspection = inspection with { ChatTemplate = template.Origin };
            }
        }

        return inspection with { Problems = problems };
    }

    /// <summary>Loads the network on the CPU, in the type that suits it best, and adds how it is computed there. Takes its memory and
    /// time.</summary>
    /// <param name="inspection">The inspection of a folder that loads.</param>
    /// <param name="sequences">How many sequences a generator decodes together.</param>
    public static ModelInspection LoadAndAsk(ModelInspection inspection, int sequences)
    {
        ArgumentNullException.ThrowIfNull(inspection);
        using var worker = new DeviceWorker(torch.CPU);
        var type = ComputeTypes.Of("auto", worker.Device);
        worker.RunToEnd(() =>
        {
            if (inspection.Kind == "generator")
            {
                using var model = NetworkLoader.LanguageModel(inspection.Folder, type, worker.Device);
                using var prepacked = model.Prepack(sequences);
                inspection = inspection with { Computation = KernelChoice.OfGeneration(model.Decoder, prepacked) };
                return;
            }

            using var network = NetworkLoader.RewardNetwork(inspection.Folder, type, worker.Device, prepacks: true);
            inspection = inspection with { Computation = KernelChoice.OfScoring(network.Decoder) };
        });
        return inspection;
    }

    private static ITokenizer NoPolar(ModelConfiguration configuration, ITokenizer tokenizer)
    {
        InternLM2.RefusePolar(configuration, tokenizer);
        return tokenizer;
    }

    private static ModelInspection InspectWeights(ModelInspection inspection, string folder, List<string> problems)
    {
        if (!Attempt(problems, () => Checkpoint.Open(folder), out var checkpoint))
        {
            return inspection;
        }

        using (checkpoint)
        {
            return inspection with
            {
                Weights = new StoredWeights(
                    checkpoint.Files.Any(f => f is TorchArchiveFile) ? "torch.save archive" : "safetensors",
                    checkpoint.Files.Count,
                    checkpoint.Entries.Sum(e => e.UnreadType is null ? e.Elements * ElementTypes.SizeOf(e.Type) : e.Length),
                    checkpoint.Entries.GroupBy(e => e.TypeName).ToDictionary(g => g.Key.ToLowerInvariant(), g => g.Sum(e => e.Elements))),
            };
        }
    }

    private static ModelInspection InspectNetwork(ModelInspection inspection, string folder, List<string> problems)
    {
        var audit = new CheckpointAudit();
        using var checkpoint = Checkpoint.Open(folder);
        var architecture = inspection.Architecture!;
        var reward = NetworkLoader.RewardModels.Contains(architecture)
            && !(NetworkLoader.LanguageModels.Contains(architecture) && !RewardHead.IsIn(checkpoint)
                && checkpoint.Contains("output.weight"));
        inspection = inspection with { Kind = reward ? "reward" : "generator" };
        Checkpoint Audited(string path) => Checkpoint.Open(path, audit);

        if (reward
            && Attempt(problems, () => NetworkLoader.RewardNetwork(folder, torch.ScalarType.Float32, torch.CPU, Audited), out var network))
        {
            using (network)
            {
                inspection = Describe(inspection, network.Decoder, network.ImageEncoder, network.Assumptions)
                    with { Kind = network.ScoresSteps ? "step reward" : "reward" };
            }
        }
        else if (!reward
            && Attempt(problems, () => NetworkLoader.LanguageModel(folder, torch.ScalarType.Float32, torch.CPU, Audited), out var model))
        {
            using (model)
            {
                inspection = Describe(inspection, model.Decoder, model.ImageEncoder, model.Assumptions);
            }
        }
        else
        {
            return inspection;
        }

        problems.AddRange(audit.Mismatches);
        var used = checkpoint.Entries.Where(e => audit.Taken.Contains(e.Name)).Sum(e => e.Elements);
        var d = inspection.Decoder!;
        var keysAndValues = 2L * d.Layers * d.KeyValueHeads * d.HeadSize * 1000;
        return inspection with
        {
            Parameters = used,
            Memory = new MemoryNeeds(4 * used, 2 * used, 4 * keysAndValues, 2 * keysAndValues),
            Ignored = checkpoint.Entries.Where(e => !audit.Taken.Contains(e.Name)).GroupBy(e => Numbers().Replace(e.Name, ".{i}."))
                .OrderBy(g => g.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count()),
        };
    }

    private static ModelInspection Describe(
        ModelInspection inspection, Decoder decoder, ImageEncoder? images, IReadOnlyList<string> assumptions) =>
        inspection with { Decoder = decoder.Configuration, Vision = images?.Configuration, Assumptions = assumptions };

    private static bool Attempt<T>(List<string> problems, Func<T> work, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? result)
        where T : class
    {
        try
        {
            result = work();
            return true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever a broken folder leads to is a problem of the folder. libtorch appends the calls of C++ after the first line.
            problems.Add(e is ExternalException ? e.Message.Split('\n')[0] : e.Message.ReplaceLineEndings(" "));
            result = null;
            return false;
        }
    }

    [GeneratedRegex(@"\.\d+\.")]
    private static partial Regex Numbers();
}
