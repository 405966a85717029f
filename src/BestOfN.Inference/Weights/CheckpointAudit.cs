namespace BestOfN.Inference.Weights;

/// <summary>What a network asked a folder for, and what was not there as it should be.</summary>
internal sealed class CheckpointAudit
{
    private readonly HashSet<string> _taken = [];
    private readonly List<string> _mismatches = [];

    /// <summary>Names of all tensors asked for, there or not.</summary>
    public IReadOnlySet<string> Taken => _taken;

    /// <summary>One sentence for each tensor that is absent, of another shape, or of no use.</summary>
    public IReadOnlyList<string> Mismatches => _mismatches;

    public void Add(string name, string? mismatch)
    {
        if (_taken.Add(name) && mismatch is not null)
        {
            _mismatches.Add(mismatch);
        }
    }
}
