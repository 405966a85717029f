using BestOfN.Models.Networks.Vision;

namespace BestOfN.Training.Recipes;

/// <summary>Sizes of a vision tower that is trained from nothing, in the terms of config.json, and how finely pictures are cut.</summary>
public sealed record VisionShape
{
    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int NumHiddenLayers { get; init; }

    public required int NumAttentionHeads { get; init; }

    /// <summary>Side of a tile in pixels.</summary>
    public int ImageSize { get; init; } = 56;

    public int PatchSize { get; init; } = 14;

    /// <summary>Most tiles of a picture: 1 is a coarse look.</summary>
    public required int HdNum { get; init; }

    /// <summary>Rank of Partial LoRA in the decoder.</summary>
    public required int PloraR { get; init; }

    internal VisionConfiguration ToConfiguration() => new()
    {
        HiddenSize = HiddenSize,
        IntermediateSize = IntermediateSize,
        Layers = NumHiddenLayers,
        Heads = NumAttentionHeads,
        ImageSize = ImageSize,
        PatchSize = PatchSize,
    };
}
