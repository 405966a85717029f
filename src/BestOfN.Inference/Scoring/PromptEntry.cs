using BestOfN.Inference.ImageCache;

namespace BestOfN.Inference.Scoring;

/// <summary>The state of one prompt, while it is computed and after.</summary>
internal sealed class PromptEntry(int[] ids, KeyValueBlock block, IReadOnlyList<StoredImage> images)
{
    public int[] Ids => ids;

    public KeyValueBlock Block => block;

    /// <summary>Images whose ids occur: the ids keep their meaning as long as this is kept.</summary>
    public IReadOnlyList<StoredImage> Images => images;

    /// <summary>Number of the last pass that computed something here; a prompt has one run in a pass at most.</summary>
    public long Pass { get; set; }

    /// <summary>Tokens known once that pass has ended.</summary>
    public int Planned { get; set; }

    /// <summary>Open sessions that read this prompt.</summary>
    public int Leases { get; set; }

    /// <summary>When it was last leased or given back, as a running number.</summary>
    public long LastUse { get; set; }
}
