using System.ComponentModel.DataAnnotations;

namespace BestOfN.Inference.Generation;

/// <summary>How the generation engine shares the device among requests.</summary>
public sealed record GenerationOptions
{
    /// <summary>Sequences that decode together, over all requests; no request may ask for more candidates.</summary>
    [Range(1, 4096)]
    public int MaxSequences { get; init; } = 64;

    /// <summary>Requests that may wait for their turn. One more is refused at once.</summary>
    [Range(1, 1_000_000)]
    public int QueueLength { get; init; } = 256;

    /// <summary>
    /// Prompt tokens read between two steps of the sequences that run: less keeps them fluent, more reads prompts a little faster.
    /// </summary>
    [Range(16, 1_048_576)]
    public int TokensPerPrefill { get; init; } = 512;

    /// <summary>Limit for one candidate, in tokens, where the request sets none.</summary>
    [Range(1, 1_048_576)]
    public int MaxTokens { get; init; } = 1024;

    /// <summary>
    /// Memory for encoded images, in use or kept for later. Images of requests that run are never freed, so that many may exceed it.
    /// </summary>
    [Range(0, long.MaxValue)]
    public long ImageCacheBytes { get; init; } = 1L << 28;

    /// <summary>
    /// Tiles at most into which the only image of a conversation is cut; null: what the model's folder says. Images of a conversation
    /// with several get 6, as published.
    /// </summary>
    [Range(1, 64)]
    public int? HdNum { get; init; }
}
