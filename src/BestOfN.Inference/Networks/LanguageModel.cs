using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A decoder with a language head.</summary>
/// <remarks>Not thread-safe: one owner thread per device. Owns its weights and the checkpoint they are mapped from.</remarks>
public sealed class LanguageModel : IDisposable
{
    internal static readonly string[] Architectures =
        ["InternLM2ForCausalLM", "LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "InternLMXComposer2ForCausalLM"];

    private readonly Checkpoint? _checkpoint;

    /// <param name="decoder">The body.</param>
    /// <param name="head">[V, C]; the decoder's own embedding where they are tied.</param>
    /// <param name="checkpoint">Kept alive and disposed with this.</param>
    internal LanguageModel(Decoder decoder, Tensor head, Checkpoint? checkpoint = null) => (Decoder, Head, _checkpoint) = (decoder, head, checkpoint);

    public required string Architecture { get; init; }

    public Decoder Decoder { get; }

    /// <summary>Reads pictures; null where the model sees text only.</summary>
    public PictureEncoder? Pictures { get; init; }

    /// <summary>Tokens that end an answer, as config.json says; the tokenizer may know more.</summary>
    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    /// <summary>Most tiles that a picture may be cut into, the field <c>hd_num</c>; the published code's default is 24.</summary>
    public int MaxTiles { get; init; } = InternLMXComposer2.DefaultMaxTiles;

    /// <summary>Longest sequence, in tokens, the field <c>max_length</c>; null where only the decoder's positions limit it.</summary>
    public int? MaxLength { get; init; }

    /// <summary>What the folder does not say and was taken from the published code, one sentence each; hosts log them at start.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    internal Tensor Head { get; }

    /// <param name="folder">A model folder in the published layout.</param>
    /// <param name="type">float32 or bfloat16.</param>
    /// <param name="device">Where to run.</param>
    /// <exception cref="CheckpointException">Anything about the folder is not as expected; nothing stays loaded.</exception>
    public static LanguageModel Load(string folder, ScalarType type, Device device) => Load(folder, type, device, Checkpoint.Open);

    internal static LanguageModel Load(string folder, ScalarType type, Device device, Func<string, Checkpoint> open)
    {
        var configuration = ModelConfiguration.Load(folder);
        var family = DecoderFamilies.Of(configuration, Architectures);
        var sizes = family.Read(configuration);
        var composer = InternLMXComposer2.Is(family);
        var assumptions = FieldChecks.Assumptions(family, configuration).ToList();
        var checkpoint = open(folder);
        Decoder? decoder = null;
        PictureEncoder? pictures = null;
        try
        {
            if (composer && !sizes.TiedEmbeddings && !checkpoint.Contains(family.LanguageHead + ".weight"))
            {
                throw new CheckpointException(
                    $"{folder}: expected a language model with {family.LanguageHead}.weight, found {(RewardHead.IsIn(checkpoint) ? "a reward model" : "no head")}.");
            }

            sizes = composer ? InternLMXComposer2.WithPartialLora(sizes, configuration, checkpoint, assumptions) : sizes;
            pictures = composer ? InternLMXComposer2.LoadPictures(configuration, sizes, checkpoint, type, device, assumptions) : null;
            decoder = DecoderLoader.Load(family, sizes, (name, shape) => checkpoint.Take(name, shape, type, device));
            checkpoint.RefuseUnreadLayers();
            var head = sizes.TiedEmbeddings
                ? decoder.Embedding
                : checkpoint.Take(family.LanguageHead + ".weight", [sizes.VocabularySize, sizes.HiddenSize], type, device).DetachFromDisposeScope();
            return new LanguageModel(decoder, head, checkpoint)
            {
                Architecture = configuration.Architecture,
                EndTokenIds = configuration.TokenIds("eos_token_id"),
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

    /// <summary>Logits over the vocabulary.</summary>
    /// <param name="hidden">Final-norm outputs, [R, C].</param>
    /// <returns>[R, V] in the network's type.</returns>
    public Tensor Logits(Tensor hidden) => DecoderLayer.Linear(hidden, Head, null);

    public void Dispose()
    {
        if (!ReferenceEquals(Head, Decoder.Embedding))
        {
            Head.Dispose();
        }

        Pictures?.Dispose();
        Decoder.Dispose();
        _checkpoint?.Dispose();
    }
}
