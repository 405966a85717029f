namespace BestOfN.Inputs.Decoding;

/// <summary>One candidate of a running generation.</summary>
internal sealed class RunningCandidate(int index, TokenSequence sequence, CandidateText text)
{
    private volatile bool _isCancelled;

    public int Index => index;

    public TokenSequence Sequence => sequence;

    public CandidateText Text => text;

    /// <summary>Set by any thread; its row leaves before the next step.</summary>
    public bool IsCancelled => _isCancelled;

    /// <summary>Finished, failed or cancelled: nothing more is said of it. Engine's thread only.</summary>
    public bool IsDone { get; set; }

    public void Cancel() => _isCancelled = true;
}
