namespace BestOfN.Inference.Scoring;

/// <summary>
/// Tokens of one sequence that a pass computes: they see their prefix, their own earlier tokens, and what precedes them here.
/// </summary>
internal sealed record PackedRun
{
    /// <summary>The tokens to compute, at least one.</summary>
    public required ReadOnlyMemory<int> Ids { get; init; }

    /// <summary>State shared with other sequences; may be filled by another run of the same pass.</summary>
    public KeyValueBlock? Prefix { get; init; }

    /// <summary>How many tokens of <see cref="Prefix"/> belong to this sequence.</summary>
    public int PrefixLength { get; init; }

    /// <summary>
    /// State of its own: earlier tokens, to which the new ones are added. Null where nothing precedes and nothing is to be kept.
    /// </summary>
    public KeyValueBlock? Own { get; init; }

    /// <summary>Which of <see cref="Ids"/> are read by the reward head, ascending.</summary>
    public IReadOnlyList<int> Rows { get; init; } = [];

    /// <summary>Position of the first token within its sequence.</summary>
    public int Start => PrefixLength + (Own?.Length ?? 0);
}
