namespace BestOfN.Inference.Scoring;

/// <summary>What has been computed of one sequence behind its prompt.</summary>
/// <remarks>Device thread only.</remarks>
internal sealed class SequenceState : IDisposable
{
    private int[] _ids = [];

    /// <summary>Null until something must be kept.</summary>
    public KeyValueBlock? Block { get; private set; }

    /// <summary>How many of the prompt's tokens begin the sequence.</summary>
    public int PrefixLength { get; private set; }

    /// <summary>Tokens of the sequence whose state is known, the prompt's included.</summary>
    public int Known => PrefixLength + (Block?.Length ?? 0);

    /// <summary>Number of the last pass that computed something here; a sequence has one run in a pass at most.</summary>
    public long Pass { get; set; }

    /// <summary>Turns to other ids: what they have in common with the old ones stays known.</summary>
    /// <param name="ids">The whole sequence.</param>
    /// <param name="prompt">Its prompt.</param>
    /// <param name="firstRow">The first position to be read: it and what follows must be computed.</param>
    /// <returns>Tokens known from before, the prompt's not counted.</returns>
    public int Begin(int[] ids, ReadOnlySpan<int> prompt, int firstRow)
    {
        var prefix = Math.Min(ids.AsSpan().CommonPrefixLength(prompt), firstRow);
        if (Block is not null)
        {
            var common = Math.Min(ids.AsSpan().CommonPrefixLength(_ids), firstRow);
            Block.Length = prefix == PrefixLength ? Math.Clamp(common - prefix, 0, Block.Length) : 0;
        }

        (PrefixLength, _ids) = (prefix, ids);
        return Block?.Length ?? 0;
    }

    /// <summary>The block, made on first use with room for the whole sequence.</summary>
    public KeyValueBlock Keep(PackedScorer scorer) => Block ??= scorer.NewBlock(_ids.Length - PrefixLength);

    public void Dispose()
    {
        Block?.Dispose();
        Block = null;
    }
}
