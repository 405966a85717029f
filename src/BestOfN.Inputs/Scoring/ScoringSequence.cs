namespace BestOfN.Inputs.Scoring;

/// <summary>One whole sequence of token ids, its prompt included, and where it is read.</summary>
internal sealed record ScoringSequence
{
    /// <summary>Identity within the context: a sequence under a key that was kept continues it.</summary>
    public required int Key { get; init; }

    /// <summary>The tokens as the reference would see them, up to the last one that is read.</summary>
    public required int[] Ids { get; init; }

    /// <summary>Positions read by the reward head, ascending; the last is the end of <see cref="Ids"/>.</summary>
    public required int[] Rows { get; init; }

    /// <summary>True where nothing will continue the sequence, so that its state is not kept.</summary>
    public bool IsComplete { get; init; } = true;
}
