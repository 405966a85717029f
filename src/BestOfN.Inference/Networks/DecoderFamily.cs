using BestOfN.Inference.Weights;

namespace BestOfN.Inference.Networks;

/// <summary>What tells one family of decoders from another: names and switches, no arithmetic.</summary>
/// <remarks><c>{i}</c> in a name is the layer.</remarks>
internal sealed record DecoderFamily
{
    /// <summary>
    /// How the family's architectures begin: <c>InternLM2</c>, <c>InternLMXComposer2</c>, <c>Llama</c>, <c>Qwen2</c>, <c>Qwen3</c>.
    /// </summary>
    public required string Prefix { get; init; }

    /// <summary>What <c>model_type</c> may say: transformers choose the network by it.</summary>
    public required IReadOnlyList<string> ModelTypes { get; init; }

    /// <summary>Published folders bring program code for the network; elsewhere such code is a sign of something else.</summary>
    public bool PublishedAsCode { get; init; }

    public required string Embedding { get; init; }

    public required string AttentionNorm { get; init; }

    public required string FeedForwardNorm { get; init; }

    /// <summary>The fused projection; null where queries, keys and values have their own.</summary>
    public string? FusedQueryKeyValue { get; init; }

    public string? Query { get; init; }

    public string? Key { get; init; }

    public string? Value { get; init; }

    public string? QueryNorm { get; init; }

    public string? KeyNorm { get; init; }

    public required string AttentionOutput { get; init; }

    public required string Gate { get; init; }

    public required string Up { get; init; }

    public required string Down { get; init; }

    public required string LanguageHead { get; init; }

    /// <summary>Where config.json does not tell; null: it has to.</summary>
    public double? DefaultNormEpsilon { get; init; } = 1e-6;

    /// <summary>Where config.json does not tell; null: it has to.</summary>
    public double? DefaultRopeTheta { get; init; } = 10_000;

    /// <summary>
    /// The token that reward models of this family read, unless config.json names another; null: the last token of an answer is read.
    /// </summary>
    public int? RewardTokenId { get; init; }

    /// <summary>The fields that <see cref="Biases"/> reads; others of that kind must be false.</summary>
    public required IReadOnlyList<string> BiasFields { get; init; }

    /// <summary>Which biases the configuration asks for: on q, k, v; on the output; in the MLP.</summary>
    public required Func<ModelConfiguration, (bool QueryKeyValue, bool Output, bool Mlp)> Biases { get; init; }
}
