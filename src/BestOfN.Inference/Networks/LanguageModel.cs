using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A decoder with a language head.</summary>
/// <remarks>Not thread-safe: one owner thread per device. Owns its weights and the checkpoint they are mapped from.</remarks>
public sealed class LanguageModel : IDisposable
{
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
    public int MaxTiles { get; init; } = PictureEncoder.DefaultMaxTiles;

    /// <summary>Longest sequence, in tokens, the field <c>max_length</c>; null where only the decoder's positions limit it.</summary>
    public int? MaxLength { get; init; }

    /// <summary>What the folder does not say and was taken from the published code, one sentence each; hosts log them at start.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    internal Tensor Head { get; }

    /// <summary>Logits over the vocabulary.</summary>
    /// <param name="hidden">Final-norm outputs, [R, C].</param>
    /// <returns>[R, V] in the network's type.</returns>
    public Tensor Logits(Tensor hidden) => Operators.Linear(hidden, Head, null, Decoder.Mode);

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
