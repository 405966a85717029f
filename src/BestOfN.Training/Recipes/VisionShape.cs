using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;

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

    /// <summary>How a model that is there looks at pictures.</summary>
    internal static VisionShape? Of(LanguageModel model) => model.Pictures?.Configuration is not { } c ? null : new VisionShape
    {
        HiddenSize = c.HiddenSize,
        IntermediateSize = c.IntermediateSize,
        NumHiddenLayers = c.Layers,
        NumAttentionHeads = c.Heads,
        ImageSize = c.ImageSize,
        PatchSize = c.PatchSize,
        HdNum = model.MaxTiles,
        PloraR = model.Decoder.Configuration.PartialLoraRank,
    };

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
