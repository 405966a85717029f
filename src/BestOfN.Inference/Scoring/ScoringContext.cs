using BestOfN.Inference.ImageCache;

namespace BestOfN.Inference.Scoring;

/// <summary>One prompt for which the scheduler computes sequences.</summary>
/// <param name="promptIds">The prompt.</param>
/// <param name="images">Images whose ids it may contain; leased until the context is released.</param>
internal sealed class ScoringContext(int[] promptIds, SeenPrompt? images = null)
{
    public int[] PromptIds => promptIds;

    public IReadOnlyList<StoredImage> Images => images?.Images ?? [];

    /// <summary>Gives the images back.</summary>
    public void ReturnImages() => images?.Dispose();

    /// <summary>The prompt's state once its turn has come. Device thread only.</summary>
    public PromptEntry? Prompt { get; set; }

    /// <summary>States of unfinished sequences by key. Device thread only.</summary>
    public Dictionary<int, SequenceState> Sequences { get; } = [];

    /// <summary>Guarded by the scheduler's lock.</summary>
    public bool IsClosed { get; set; }
}
