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
    /// Whether the model cannot be shown the prompt. The request is then refused: an answer chosen by a reward model that has not seen the
    /// question is no answer to it. Where the request is not to blame, a tool is missing here.
    /// </summary>
    public bool IsPromptUnreadable { get => field || Failure.IsCallersFault; init; }
}
