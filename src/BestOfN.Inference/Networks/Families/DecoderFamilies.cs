using BestOfN.Inference.Weights;

namespace BestOfN.Inference.Networks.Families;

/// <summary>The families known, and how a config.json is read for each.</summary>
internal static class DecoderFamilies
{
    private const int LargestWidth = 100_000_000;

    private static readonly DecoderFamily[] s_all = [InternLM2.Family, InternLMXComposer2.Family, Llama.Family, Qwen2.Family, Qwen3.Family];

    /// <exception cref="CheckpointException">No family's architectures begin like this one.</exception>
    public static DecoderFamily Of(ModelConfiguration configuration, IReadOnlyList<string> supported) =>
        supported.Contains(configuration.Architecture) ? s_all.Single(f => IsOf(f, configuration.Architecture))
            : throw new CheckpointException(
                $"{configuration.FilePath}: architectures: expected one of {string.Join(", ", supported)}, found "
                    + $"{configuration.Architecture}.");

    /// <exception cref="CheckpointException">A field is missing or impossible.</exception>
    public static DecoderConfiguration Read(this DecoderFamily family, ModelConfiguration c)
    {
        var hidden = c.WholeNumber("hidden_size");
        var heads = c.WholeNumber("num_attention_heads", largest: 1024);
        var keyValueHeads = c.WholeNumber("num_key_value_heads", heads, 1024);
        if (heads % keyValueHeads != 0)
        {
            throw new CheckpointException(
                $"{c.FilePath}: num_attention_heads: expected a multiple of num_key_value_heads ({keyValueHeads}), found {heads}.");
        }

        var headSize = c.WholeNumber("head_dim", hidden / heads > 0 ? hidden / heads : 1);
        if ((long)heads * headSize > LargestWidth)
        {
            throw new CheckpointException(
                $"{c.FilePath}: head_dim: expected at most {LargestWidth} for all {heads} heads together, found {headSize} for each.");
        }

        if (headSize % 2 != 0)
        {
            throw new CheckpointException($"{c.FilePath}: head_dim: expected an even number, found {headSize}.");
        }

        FieldChecks.Refuse(family, c);
        var (theta, scaling) = RopeFields.Read(c, family.DefaultRopeTheta);
        var biases = family.Biases(c);
        return new DecoderConfiguration
        {
            VocabularySize = c.WholeNumber("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = c.WholeNumber("intermediate_size"),
            Layers = c.WholeNumber("num_hidden_layers", largest: 1024),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            NormEpsilon = c.NotNegative("rms_norm_eps", family.DefaultNormEpsilon),
            RopeTheta = theta,
            RopeScaling = scaling,
            MaxPositions = c.WholeNumber("max_position_embeddings", 32_768),
            QueryKeyValueBias = biases.QueryKeyValue,
            AttentionOutputBias = biases.Output,
            MlpBias = biases.Mlp,
            QueryKeyNorm = family.QueryNorm is not null,
            TiedEmbeddings = c.Flag("tie_word_embeddings", false),
        };
    }

    private static bool IsOf(DecoderFamily family, string architecture) => architecture.StartsWith(family.Prefix, StringComparison.Ordinal);
}
