using System.ComponentModel.DataAnnotations;

namespace BestOfN.Inference.Scoring;

/// <summary>How the scoring engine shares the device among requests.</summary>
public sealed record ScoringOptions
{
    /// <summary>
    /// Tokens computed in one pass, over all sessions. Longer work is cut into several passes; more is a little faster and takes more
    /// memory.
    /// </summary>
    [Range(16, 1_048_576)]
    public int TokensPerPass { get; init; } = 8192;

    /// <summary>Calls that may wait. One more is refused at once.</summary>
    [Range(1, 1_000_000)]
    public int QueueLength { get; init; } = 1024;

    /// <summary>
    /// Memory for the states of prompts, in use or kept for later. States in use are never freed, so that many open sessions may exceed it.
    /// </summary>
    [Range(0, long.MaxValue)]
    public long PromptCacheBytes { get; init; } = 1L << 30;

    /// <summary>
    /// Memory for encoded images, in use or kept for later. Images of open sessions are never freed, so that many may exceed it.
    /// </summary>
    [Range(0, long.MaxValue)]
    public long ImageCacheBytes { get; init; } = 1L << 28;

    /// <summary>
    /// Tiles at most into which the only image of a conversation is cut; null: what the model's folder says. Images of a conversation
    /// with several get 6, as published.
    /// </summary>
    [Range(1, 64)]
    public int? HdNum { get; init; }

    /// <summary>How the rewards of an answer's steps become its score; only for models that score steps.</summary>
    public StepAggregation StepReward { get; init; } = StepAggregation.Last;
}
