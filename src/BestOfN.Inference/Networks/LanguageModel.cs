using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A decoder with a language head.</summary>
/// <remarks>Not thread-safe: one owner thread per device. Owns its weights and the checkpoint they are mapped from.</remarks>
public sealed class LanguageModel : INetwork
{
    private readonly Checkpoint? _checkpoint;
    private readonly PrepackedWeight? _prepackedHead;

    /// <param name="decoder">The body.</param>
    /// <param name="head">[V, C]; the decoder's own embedding where they are tied.</param>
    /// <param name="checkpoint">Kept alive and disposed with this.</param>
    internal LanguageModel(Decoder decoder, Tensor head, Checkpoint? checkpoint = null) =>
        (Decoder, Head, _checkpoint) = (decoder, head, checkpoint);

    private LanguageModel(Decoder decoder, Tensor head, PrepackedWeight prepackedHead)
        : this(decoder, head) => _prepackedHead = prepackedHead;

    public required string Architecture { get; init; }

    public Decoder Decoder { get; }

    /// <summary>Reads images; null where the model sees text only.</summary>
    public ImageEncoder? ImageEncoder { get; init; }

    /// <summary>Tokens that end an answer, as config.json says; the tokenizer may know more.</summary>
    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    /// <summary>Most tiles that an image may be cut into, the field <c>hd_num</c>; the published code's default is 24.</summary>
    public int MaxTiles { get; init; } = ImageEncoder.DefaultMaxTiles;

    /// <summary>Longest sequence, in tokens, the field <c>max_length</c>; null where only the decoder's positions limit it.</summary>
    public int? MaxLength { get; init; }

    /// <summary>What the folder does not say and was taken from the published code, one sentence each; hosts log them at start.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    internal Tensor Head { get; }

    /// <summary>
    /// Whether a sequence gets the same logits to the last bit whatever decodes beside it; see <see cref="Decoder.IsExact"/>.
    /// </summary>
    internal bool IsExact => _prepackedHead is { IsExact: true } && Decoder.IsExact;

    /// <inheritdoc cref="Decoder.FewRows"/>
    internal int FewRows => Math.Min(_prepackedHead?.FewRows ?? 0, Decoder.FewRows);

    /// <summary>Logits over the vocabulary.</summary>
    /// <param name="hidden">Final-norm outputs, [R, C].</param>
    /// <returns>[R, V] in the network's type.</returns>
    public Tensor Logits(Tensor hidden) => _prepackedHead?.Linear(hidden, null) ?? Operators.Linear(hidden, Head, null, Decoder.Mode);

    /// <summary>The same model over prepacked weights, for decode steps and prompts on a CPU.</summary>
    /// <param name="sequences">The most that decode together; 0: no product is tried, and <see cref="IsExact"/> is false.</param>
    /// <returns>Owned by the caller; null where the device or the type has no prepacked form, or own kernels are turned off. It reads the
    /// mapped parts of this model, which must live as long, but does not follow its weights: after training, prepack again.</returns>
    internal LanguageModel? Prepack(int sequences = 0)
    {
        if (!OwnKernels.AreOn || !Aten.HasOneDnn(Decoder.Type, Decoder.Device))
        {
            return null;
        }

        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var trials = sequences == 0 ? null : new StepTrials(sequences);
        var head = new PrepackedWeight(Head, trials);
        try
        {
            return new LanguageModel(Decoder.Prepack(trials), Head.alias().DetachFromDisposeScope(), head)
            {
                Architecture = Architecture,
                EndTokenIds = EndTokenIds,
                MaxTiles = MaxTiles,
                MaxLength = MaxLength,
                Assumptions = Assumptions,
            };
        }
        catch
        {
            head.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _prepackedHead?.Dispose();
        if (!ReferenceEquals(Head, Decoder.Embedding))
        {
            Head.Dispose();
        }

        ImageEncoder?.Dispose();
        Decoder.Dispose();
        _checkpoint?.Dispose();
    }
}
