using BestOfN.Inference.ImageCache;

namespace BestOfN.Inference.Scoring;

/// <summary>One prompt for which the scheduler computes sequences.</summary>
/// <param name="promptIds">The prompt.</param>
/// <param name="pictures">Pictures whose ids it may contain; leased until the context is released.</param>
internal sealed class ScoringContext(int[] promptIds, SeenPrompt? pictures = null)
{
    public int[] PromptIds => promptIds;

    public IReadOnlyList<StoredPicture> Pictures => pictures?.Pictures ?? [];

    /// <summary>Gives the pictures back.</summary>
    public void ReturnPictures() => pictures?.Dispose();

    /// <summary>The prompt's state once its turn has come. Device thread only.</summary>
    public PromptEntry? Prompt { get; set; }

    /// <summary>States of unfinished sequences by key. Device thread only.</summary>
    public Dictionary<int, SequenceState> Sequences { get; } = [];

    /// <summary>Guarded by the scheduler's lock.</summary>
    public bool IsClosed { get; set; }
}
