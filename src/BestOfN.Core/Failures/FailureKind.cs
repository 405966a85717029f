namespace BestOfN.Core.Failures;

/// <summary>What went wrong, as the caller has to know it. The status of a protocol is chosen where that protocol is spoken.</summary>
public enum FailureKind
{
    /// <summary>The request asks for something that cannot be done. Another try with the same request fails, too.</summary>
    InvalidRequest,

    /// <summary>An image or a video of the request cannot be read.</summary>
    UnreadableInput,

    /// <summary>There are too many requests; the same one may succeed later.</summary>
    Overloaded,

    /// <summary>A part that is needed is not there now: a server, a tool, a complete answer.</summary>
    Unavailable,

    /// <summary>Time or tokens ran out before there was an answer.</summary>
    TimedOut,

    /// <summary>A server that was called failed.</summary>
    Upstream,

    /// <summary>A model in this process failed.</summary>
    Internal,
}
