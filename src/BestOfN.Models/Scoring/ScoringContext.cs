namespace BestOfN.Models.Scoring;

/// <summary>One prompt for which the scheduler computes sequences.</summary>
internal sealed class ScoringContext(int[] promptIds)
{
    public int[] PromptIds => promptIds;

    /// <summary>The prompt's state once its turn has come. Device thread only.</summary>
    public PromptEntry? Prompt { get; set; }

    /// <summary>States of unfinished sequences by key. Device thread only.</summary>
    public Dictionary<int, SequenceState> Sequences { get; } = [];

    /// <summary>Guarded by the scheduler's lock.</summary>
    public bool IsClosed { get; set; }
}
