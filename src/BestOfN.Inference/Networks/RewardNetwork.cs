using BestOfN.Inference.Networks.Vision;
using BestOfN.Inference.Weights;

namespace BestOfN.Inference.Networks;

/// <summary>A decoder with a reward head, and the facts of its family about which tokens are read.</summary>
/// <remarks>Not thread-safe: one owner thread per device. Owns its weights and the checkpoint they are mapped from.</remarks>
public sealed class RewardNetwork : INetwork
{
    private readonly Checkpoint? _checkpoint;

    internal RewardNetwork(Decoder decoder, RewardHead head, Checkpoint? checkpoint = null) =>
        (Decoder, Head, _checkpoint) = (decoder, head, checkpoint);

    public required string Architecture { get; init; }

    public Decoder Decoder { get; }

    /// <summary>Reads images; null where the model sees text only.</summary>
    public ImageEncoder? ImageEncoder { get; init; }

    public RewardHead Head { get; }

    /// <summary>Appended to every sequence unless it ends with it already, and then read (InternLM2); null: the last token is
    /// read.</summary>
    public int? RewardTokenId { get; init; }

    /// <summary>The token that ends every step and is read there; null where the model does not score steps.</summary>
    public int? StepTokenId { get; init; }

    /// <summary>The token by which a classifier is padded: the last other one is read. Null: the last token is read.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Most tiles that an image may be cut into, the field <c>hd_num</c>; the published code's default is 24.</summary>
    public int MaxTiles { get; init; } = ImageEncoder.DefaultMaxTiles;

    /// <summary>Longest sequence that is scored, in tokens, the field <c>max_length</c>; null where only the decoder's positions limit
    /// it.</summary>
    public int? MaxLength { get; init; }

    /// <summary>What the folder does not say and was taken from the published code, one sentence each; hosts log them at start.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    /// <summary>True where every step of an answer has a reward of its own.</summary>
    public bool ScoresSteps => Head.Outputs == 2;

    public void Dispose()
    {
        ImageEncoder?.Dispose();
        Decoder.Dispose();
        Head.Dispose();
        _checkpoint?.Dispose();
    }
}
