using System.ComponentModel.DataAnnotations;
using BestOfN.LLama.Models;

namespace BestOfN.LLama.Generation;

/// <summary>How a GGUF generator shares its context among requests.</summary>
public sealed record GgufGeneratorOptions
{
    /// <summary>Sequences that decode together, over all requests; no request may ask for more candidates.</summary>
    [Range(1, GgufModel.MostSequences)]
    public int MaxSequences { get; init; } = 64;

    /// <summary>Requests that may wait for their turn. One more is refused at once.</summary>
    [Range(1, 1_000_000)]
    public int QueueLength { get; init; } = 256;

    /// <summary>Prompt tokens read between two steps of the sequences that run; at most 2048 are computed together.</summary>
    [Range(16, 1_048_576)]
    public int TokensPerPrefill { get; init; } = 512;

    /// <summary>Limit for one candidate, in tokens, where the request sets none.</summary>
    [Range(1, 1_048_576)]
    public int MaxTokens { get; init; } = 1024;

    /// <summary>Tokens of keys and values that are held, over all requests; null: at most 32768, and a quarter of the memory.</summary>
    [Range(64, 16_777_216)]
    public int? ContextTokens { get; init; }

    /// <summary>Keys and values in float32 and attention without rounding to float16: twice the memory, the exact results.</summary>
    public bool IsExact { get; init; }

    /// <summary><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";
}
