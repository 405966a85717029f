using BestOfN.Inference.Networks;

namespace BestOfN.Training.Recipes;

/// <summary>Sizes of a decoder that is trained from nothing, in the terms of config.json.</summary>
public sealed record DecoderShape
{
    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int NumHiddenLayers { get; init; }

    public required int NumAttentionHeads { get; init; }

    public required int NumKeyValueHeads { get; init; }

    public int MaxPositionEmbeddings { get; init; } = 512;

    /// <summary>Short contexts turn slowly with the published million, so that near positions look alike; ten thousand is enough here.</summary>
    public double RopeTheta { get; init; } = 10_000;

    internal DecoderConfiguration ToConfiguration(int vocabularySize) => new()
    {
        VocabularySize = vocabularySize,
        HiddenSize = HiddenSize,
        IntermediateSize = IntermediateSize,
        Layers = NumHiddenLayers,
        Heads = NumAttentionHeads,
        KeyValueHeads = NumKeyValueHeads,
        HeadSize = HiddenSize / NumAttentionHeads,
        NormEpsilon = 1e-5,
        RopeTheta = RopeTheta,
        MaxPositions = MaxPositionEmbeddings,
    };
}
