namespace BestOfN.Inference.Networks;

/// <summary>Sizes and switches of a decoder, whatever its family.</summary>
public sealed record DecoderConfiguration
{
    public required int VocabularySize { get; init; }

    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    public required double NormEpsilon { get; init; }

    public required double RopeTheta { get; init; }

    public RopeScaling? RopeScaling { get; init; }

    /// <summary>Longest sequence the model was made for, in tokens.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Biases on the projections to queries, keys and values.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>A bias on the projection out of attention.</summary>
    public bool AttentionOutputBias { get; init; }

    public bool MlpBias { get; init; }

    /// <summary>RMS norms of each query and key head before the rotation (Qwen3).</summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>The language head is the embedding.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>
    /// Rank of the branch that every linear layer has for the tokens of images (InternLM-XComposer2); 0: there is none.
    /// </summary>
    public int PartialLoraRank { get; init; }

    /// <summary>What that branch's output is multiplied by: alpha / rank.</summary>
    public double PartialLoraScale { get; init; } = 1;

    /// <summary>Query heads per key/value head.</summary>
    public int Groups => Heads / KeyValueHeads;

    /// <summary>
    /// Multiplications and additions of the linear layers for one token, language head and Partial LoRA not included: 2 per weight.
    /// </summary>
    public long LinearFlopsPerToken => 2L * Layers * (
        ((long)HiddenSize * (Heads + 2 * KeyValueHeads) * HeadSize) + ((long)Heads * HeadSize * HiddenSize)
            + (3L * HiddenSize * IntermediateSize));

    /// <summary>Weights of embedding, layers and norms, Partial LoRA not included.</summary>
    public long Parameters => (LinearFlopsPerToken / 2) + ((long)VocabularySize * HiddenSize) + ((2L * Layers) + 1) * HiddenSize;
}
