using System.Globalization;
using System.Text.Json;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks.Families;

/// <summary>Loads networks from model folders in the published layout.</summary>
/// <remarks>Where it throws, nothing stays loaded.</remarks>
public static class NetworkLoader
{
    internal static readonly string[] LanguageModels =
        ["InternLM2ForCausalLM", "LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "InternLMXComposer2ForCausalLM"];

    internal static readonly string[] RewardModels =
    [
        "InternLM2ForRewardModel", "LlamaForSequenceClassification", "Qwen2ForSequenceClassification", "Qwen3ForSequenceClassification",
        "Qwen2ForRewardModel", "Qwen2ForProcessRewardModel", "InternLMXComposer2ForCausalLM", "InternLMXComposer2ForRewardModel",
    ];

    /// <summary>Loads a decoder with a language head.</summary>
    /// <param name="folder">A model folder in the published layout.</param>
    /// <param name="type">float32 or bfloat16.</param>
    /// <param name="device">Where to run.</param>
    /// <exception cref="CheckpointException">Something in the folder is not as expected.</exception>
    public static LanguageModel LanguageModel(string folder, ScalarType type, Device device) =>
        LanguageModel(folder, type, device, Checkpoint.Open);

    internal static LanguageModel LanguageModel(string folder, ScalarType type, Device device, Func<string, Checkpoint> open)
    {
        var body = new LoadedBody(folder, LanguageModels, open);
        try
        {
            body.RefuseOtherKind(isReward: false);
            body.Load(type, device, prepacks: false, ComputeMode.Inference);
            var sizes = body.Decoder.Configuration;
            var head = sizes.TiedEmbeddings
                ? body.Decoder.Embedding
                : body.Checkpoint.Take(body.Family.LanguageHead + ".weight", [sizes.VocabularySize, sizes.HiddenSize], type, device)
                    .DetachFromDisposeScope();
            return new LanguageModel(body.Decoder, head, body.Checkpoint)
            {
                Architecture = body.Configuration.Architecture,
                EndTokenIds = body.Configuration.TokenIds("eos_token_id"),
                ImageEncoder = body.ImageEncoder,
                MaxTiles = body.MaxTiles,
                MaxLength = body.MaxLength,
                Assumptions = body.Assumptions,
            };
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Loads a decoder with a reward head.</summary>
    /// <param name="folder">A model folder in the published layout.</param>
    /// <param name="type">float32 or bfloat16: the type of the decoder; the head is float32.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="prepacks">Whether the weights of products are copied into the order in which a CPU reads them fastest; nothing else can
    /// read them then.</param>
    /// <param name="mode">What it is for.</param>
    /// <exception cref="CheckpointException">Something in the folder is not as expected.</exception>
    public static RewardNetwork RewardNetwork(
        string folder, ScalarType type, Device device, bool prepacks = false, ComputeMode mode = ComputeMode.Inference) =>
        RewardNetwork(folder, type, device, Checkpoint.Open, prepacks, mode);

    internal static RewardNetwork RewardNetwork(
        string folder, ScalarType type, Device device, Func<string, Checkpoint> open, bool prepacks = false,
        ComputeMode mode = ComputeMode.Inference)
    {
        var body = new LoadedBody(folder, RewardModels, open);
        try
        {
            var configuration = body.Configuration;
            var steps = configuration.Architecture == "Qwen2ForProcessRewardModel";
            var (labels, expected) =
                (configuration.Count("id2label") ?? configuration.WholeNumber("num_labels", steps ? 2 : 1), steps ? 2 : 1);
            if (labels != expected)
            {
                throw new CheckpointException($"{configuration.FilePath}: num_labels: expected {expected}, found {labels}.");
            }

            body.RefuseOtherKind(isReward: true);
            body.Load(type, device, prepacks, mode);
            return new RewardNetwork(
                body.Decoder, RewardHead.Load(body.Checkpoint, body.Decoder.Configuration.HiddenSize, labels, device), body.Checkpoint)
            {
                Architecture = configuration.Architecture,
                RewardTokenId = body.Family.RewardTokenId is { } published ? RewardToken(configuration, published, body.Assumptions) : null,
                StepTokenId = steps ? configuration.TokenId("step_token_id") : null,
                PadTokenId = configuration.Architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal)
                    ? PadToken(configuration, body.Assumptions)
                    : null,
                ImageEncoder = body.ImageEncoder,
                MaxTiles = body.MaxTiles,
                MaxLength = body.MaxLength,
                Assumptions = body.Assumptions,
            };
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Tokens of a conversation that a reward model reads: what a head must know that is kept without its configuration.</summary>
    internal static IReadOnlyDictionary<string, string> ReadTokens(ModelConfiguration configuration, DecoderFamily family)
    {
        var tokens = new Dictionary<string, string> { ["architecture"] = configuration.Architecture };
        void Add(string name, int? id)
        {
            if (id is { } known)
            {
                tokens[name] = known.ToString(CultureInfo.InvariantCulture);
            }
        }

        Add("reward_token_id", family.RewardTokenId is { } published ? RewardToken(configuration, published, []) : null);
        Add("step_token_id",
            configuration.Architecture == "Qwen2ForProcessRewardModel" ? configuration.TokenId("step_token_id") : null);
        Add("pad_token_id", configuration.Architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal)
            ? PadToken(configuration, []) : null);
        return tokens;
    }

    private static int? PadToken(ModelConfiguration configuration, List<string> assumptions)
    {
        // Old configurations of Llama say -1, which is no token.
        if (configuration.Value("pad_token_id") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var none)
            && none < 0)
        {
            return null;
        }

        var pad = configuration.TokenId("pad_token_id");
        if (pad is not null && configuration.TokenIds("eos_token_id").Contains(pad.Value))
        {
            assumptions.Add(
                $"pad_token_id {pad} ends a text too: the last token that differs from it is read, as transformers do since early 2025; "
                + "older versions read another");
        }

        return pad;
    }

    private static int RewardToken(ModelConfiguration configuration, int published, List<string> assumptions)
    {
        if (configuration.TokenId("reward_token_id") is { } id)
        {
            return id;
        }

        assumptions.Add($"reward_token_id: {published}, as published");
        return published;
    }
}
