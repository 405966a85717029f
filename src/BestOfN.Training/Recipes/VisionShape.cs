using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;

namespace BestOfN.Training.Recipes;

/// <summary>Sizes of a vision encoder that is trained from nothing, in the terms of config.json, and how finely images are cut.</summary>
public sealed record VisionShape
{
    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int NumHiddenLayers { get; init; }

    public required int NumAttentionHeads { get; init; }

    /// <summary>Side of a tile in pixels.</summary>
    public int ImageSize { get; init; } = 56;

    public int PatchSize { get; init; } = 14;

    /// <summary>Most tiles of an image: with 1 it is seen coarsely.</summary>
    public required int HdNum { get; init; }

    /// <summary>Rank of Partial LoRA in the decoder.</summary>
    public required int PloraR { get; init; }

    /// <summary>The sizes of a model that exists.</summary>
    internal static VisionShape? Of(LanguageModel model) => model.ImageEncoder?.Configuration is not { } c ? null : new VisionShape
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

    internal void Check(RecipeMistakes mistakes, string field)
    {
        if (mistakes.Sizes(
            ($"{field}.hidden_size", HiddenSize), ($"{field}.intermediate_size", IntermediateSize),
            ($"{field}.num_hidden_layers", NumHiddenLayers), ($"{field}.num_attention_heads", NumAttentionHeads),
            ($"{field}.image_size", ImageSize), ($"{field}.patch_size", PatchSize), ($"{field}.hd_num", HdNum),
                ($"{field}.plora_r", PloraR)))
        {
            mistakes.Expect(
                HiddenSize % NumAttentionHeads == 0,
                $"{field}.hidden_size", FormattableString.Invariant($"a multiple of num_attention_heads, {NumAttentionHeads}"), HiddenSize);
            mistakes.Expect(
                ImageSize % (2 * PatchSize) == 0,
                $"{field}.image_size", FormattableString.Invariant($"a multiple of twice patch_size, {2 * PatchSize}"), ImageSize);
        }
    }

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
