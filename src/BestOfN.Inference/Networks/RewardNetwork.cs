using System.Text.Json;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A decoder with a reward head, and the facts of its family about which tokens are read.</summary>
/// <remarks>Not thread-safe: one owner thread per device. Owns its weights and the checkpoint they are mapped from.</remarks>
public sealed class RewardNetwork : IDisposable
{
    internal static readonly string[] Architectures =
    [
        "InternLM2ForRewardModel", "LlamaForSequenceClassification", "Qwen2ForSequenceClassification", "Qwen3ForSequenceClassification",
        "Qwen2ForRewardModel", "Qwen2ForProcessRewardModel", "InternLMXComposer2ForCausalLM", "InternLMXComposer2ForRewardModel",
    ];

    private readonly Checkpoint? _checkpoint;

    internal RewardNetwork(Decoder decoder, RewardHead head, Checkpoint? checkpoint = null) => (Decoder, Head, _checkpoint) = (decoder, head, checkpoint);

    public required string Architecture { get; init; }

    public Decoder Decoder { get; }

    /// <summary>Reads pictures; null where the model sees text only.</summary>
    public PictureEncoder? Pictures { get; init; }

    public RewardHead Head { get; }

    /// <summary>Appended to every sequence unless it ends with it already, and then read (InternLM2); null: the last token is read.</summary>
    public int? RewardTokenId { get; init; }

    /// <summary>The token that ends every step and is read there; null where the model does not score steps.</summary>
    public int? StepTokenId { get; init; }

    /// <summary>The token by which a classifier is padded: the last other one is read. Null: the last token is read.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Most tiles that a picture may be cut into, the field <c>hd_num</c>; the published code's default is 24.</summary>
    public int MaxTiles { get; init; } = InternLMXComposer2.DefaultMaxTiles;

    /// <summary>Longest sequence that is scored, in tokens, the field <c>max_length</c>; null where only the decoder's positions limit it.</summary>
    public int? MaxLength { get; init; }

    /// <summary>What the folder does not say and was taken from the published code, one sentence each; hosts log them at start.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    /// <summary>True where every step of an answer has a reward of its own.</summary>
    public bool ScoresSteps => Head.Outputs == 2;

    /// <param name="folder">A model folder in the published layout.</param>
    /// <param name="type">float32 or bfloat16: the type of the decoder; the head is float32.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="packs">Whether the weights of products are kept in the order in which a CPU reads them fastest, in memory of their own; nothing else can read them then.</param>
    /// <exception cref="CheckpointException">Anything about the folder is not as expected; nothing stays loaded.</exception>
    public static RewardNetwork Load(string folder, ScalarType type, Device device, bool packs = false) => Load(folder, type, device, Checkpoint.Open, packs);

    internal static RewardNetwork Load(string folder, ScalarType type, Device device, Func<string, Checkpoint> open, bool packs = false)
    {
        ArgumentNullException.ThrowIfNull(device);
        var order = packs ? Aten.Order(type, device) : null;
        var configuration = ModelConfiguration.Load(folder);
        var family = DecoderFamilies.Of(configuration, Architectures);
        var sizes = family.Read(configuration);
        var composer = InternLMXComposer2.Is(family);
        var assumptions = FieldChecks.Assumptions(family, configuration).ToList();
        var steps = configuration.Architecture == "Qwen2ForProcessRewardModel";
        var labels = configuration.Count("id2label") ?? configuration.WholeNumber("num_labels", steps ? 2 : 1);
        if (labels != (steps ? 2 : 1))
        {
            throw new CheckpointException($"{configuration.FilePath}: num_labels: expected {(steps ? 2 : 1)}, found {labels}.");
        }

        var checkpoint = open(folder);
        Decoder? decoder = null;
        PictureEncoder? pictures = null;
        try
        {
            if (composer && !RewardHead.IsIn(checkpoint) && checkpoint.Contains(family.LanguageHead + ".weight"))
            {
                throw new CheckpointException($"{folder}: expected a reward model with score.weight, found a language model with {family.LanguageHead}.weight.");
            }

            sizes = composer ? InternLMXComposer2.WithPartialLora(sizes, configuration, checkpoint, assumptions) : sizes;
            pictures = composer ? InternLMXComposer2.LoadPictures(configuration, sizes, checkpoint, type, device, assumptions, order) : null;
            decoder = DecoderLoader.Load(family, sizes, (name, shape) => checkpoint.Take(name, shape, type, device), order);
            checkpoint.RefuseUnreadLayers();
            var head = RewardHead.Load(checkpoint, sizes.HiddenSize, labels, device);
            return new RewardNetwork(decoder, head, checkpoint)
            {
                Architecture = configuration.Architecture,
                RewardTokenId = family.RewardTokenId is null ? null : RewardToken(configuration, family.RewardTokenId.Value, assumptions),
                StepTokenId = steps ? configuration.TokenId("step_token_id") : null,
                PadTokenId = configuration.Architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal) ? PadToken(configuration, assumptions) : null,
                Pictures = pictures,
                MaxTiles = InternLMXComposer2.MaxTiles(configuration, pictures, assumptions),
                MaxLength = composer ? InternLMXComposer2.MaxLength(configuration, assumptions) : null,
                Assumptions = assumptions,
            };
        }
        catch
        {
            pictures?.Dispose();
            decoder?.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Pictures?.Dispose();
        Decoder.Dispose();
        Head.Dispose();
        _checkpoint?.Dispose();
    }

    private static int? PadToken(ModelConfiguration configuration, List<string> assumptions)
    {
        // Old configurations of Llama say -1, which is no token.
        if (configuration.Value("pad_token_id") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var none) && none < 0)
        {
            return null;
        }

        var pad = configuration.TokenId("pad_token_id");
        if (pad is not null && configuration.TokenIds("eos_token_id").Contains(pad.Value))
        {
            assumptions.Add($"pad_token_id {pad} ends a text too: the last token that differs from it is read, as transformers do since early 2025; older versions read another");
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
