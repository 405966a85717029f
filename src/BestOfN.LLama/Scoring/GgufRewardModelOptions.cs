using System.ComponentModel.DataAnnotations;

namespace BestOfN.LLama.Scoring;

/// <summary>How a GGUF reward model shares its context among requests.</summary>
public sealed record GgufRewardModelOptions
{
    /// <summary>Tokens of keys and values that are held, over all requests; null: at most 32768, and a quarter of the memory.</summary>
    [Range(64, 16_777_216)]
    public int? ContextTokens { get; init; }

    /// <summary>Tokens computed together; at most 2048.</summary>
    [Range(16, 1_048_576)]
    public int TokensPerPass { get; init; } = 2048;

    /// <summary>Calls that may wait for their turn. One more is refused at once.</summary>
    [Range(1, 1_000_000)]
    public int QueueLength { get; init; } = 1024;

    /// <summary>Keys and values in float32 and attention without rounding to float16: twice the memory, the exact results.</summary>
    public bool IsExact { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";
}
