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

    /// <summary>
    /// Base of the rotary embedding. With the published million, short contexts rotate so slowly that near positions look alike.
    /// </summary>
    public double RopeTheta { get; init; } = 10_000;

    internal void Check(RecipeMistakes mistakes, string field)
    {
        if (mistakes.Sizes(
            ($"{field}.hidden_size", HiddenSize), ($"{field}.intermediate_size", IntermediateSize),
            ($"{field}.num_hidden_layers", NumHiddenLayers), ($"{field}.num_attention_heads", NumAttentionHeads),
            ($"{field}.num_key_value_heads", NumKeyValueHeads), ($"{field}.max_position_embeddings", MaxPositionEmbeddings)))
        {
            mistakes.Expect(
                HiddenSize % (2 * NumAttentionHeads) == 0,
                $"{field}.hidden_size", FormattableString.Invariant($"a multiple of twice num_attention_heads, {2 * NumAttentionHeads}"),
                HiddenSize);
            mistakes.Expect(
                NumAttentionHeads % NumKeyValueHeads == 0,
                $"{field}.num_attention_heads", FormattableString.Invariant($"a multiple of num_key_value_heads, {NumKeyValueHeads}"),
                NumAttentionHeads);
        }

        mistakes.Expect(RopeTheta is > 0 and < double.PositiveInfinity, $"{field}.rope_theta", "a number above 0", RopeTheta);
    }

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
