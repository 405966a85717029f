namespace BestOfN.Core.Selection;

/// <summary>How far a candidate came.</summary>
public enum CandidateStatus
{
    /// <summary>It was judged.</summary>
    Scored,

    /// <summary>It is complete, but was not judged.</summary>
    Finished,

    /// <summary>It was ended by a budget while nothing else had finished, and stands in with the text it had.</summary>
    Partial,

    /// <summary>The generator lost it.</summary>
    Failed,

    /// <summary>It was ended before it was complete: by a budget, or because the winner was certain.</summary>
    Cancelled,
}
