using BestOfN.Core.Failures;

namespace BestOfN.Core.Rewards;

/// <summary>The reward model gave no usable score.</summary>
public sealed class ScoringFailedException : FailureException
{
    public ScoringFailedException(Failure failure, Exception? innerException = null) : base(failure, innerException) { }

    /// <summary>The message may repeat what the prompt says, so it is not for a log.</summary>
    public bool MayQuotePrompt { get; init; }

    /// <summary>A failure of the reward model, which leaves its candidates without a score.</summary>
    public ScoringFailedException(string message, Exception? innerException = null)
        : base(new Failure(FailureKind.Internal, message), innerException) { }

    /// <summary>
    /// Whether the failure says nothing about the prompt: the model is overloaded, cannot be reached, or is not what it is taken for. Any
    /// other prompt would fail, too.
    /// </summary>
    public bool IsOutage => Failure switch
    {
        { Kind: FailureKind.Overloaded or FailureKind.Unavailable or FailureKind.TimedOut } => true,
        { Kind: FailureKind.Upstream, Upstream.Status: >= 500 } => false,
        { Kind: FailureKind.Upstream } => InnerException is not null,
        _ => false,
    };

    /// <summary>
    /// Whether the model cannot be shown the prompt. The request is then refused: an answer chosen by a reward model that has not seen the
    /// question is no answer to it. Where the request is not to blame, a tool is missing here.
    /// </summary>
    public bool IsPromptUnreadable { get => field || Failure.IsCallersFault; init; }
}
