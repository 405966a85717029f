namespace BestOfN.Inference.Scoring;

/// <summary>How a file of rows is scored.</summary>
public sealed record RowScoringOptions
{
    /// <summary>Fingerprint of this run; needed where a file is made.</summary>
    public ScoringFingerprint? Fingerprint { get; init; }

    /// <summary>A row that cannot be scored gets an <c>error</c> in place of a score. Else it ends the run.</summary>
    public bool SkipsBadRows { get; init; }

    /// <summary>What an interrupted run of another fingerprint left is dropped. Else it is an error.</summary>
    public bool StartsAnew { get; init; }

    /// <summary>Told of every row that failed: file, line and reason.</summary>
    public Action<string>? Failed { get; init; }
}
