using BestOfN.Core.Failures;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Inference.ImageCache;

/// <summary>A part of a prompt cannot be shown to the model. The message names the part and says why.</summary>
internal sealed class UnreadablePromptException(string message, ContentPart? part, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>The part to blame; null where the fault is not the sender's.</summary>
    public ContentPart? Part => part;

    /// <summary>
    /// The failure of whichever model was to be shown the prompt. Without a part to blame, the tool that reads videos is missing.
    /// </summary>
    public Failure ToFailure() => part is not null ? Failure.Unreadable(part, Message)
        : new(FailureKind.Unavailable, Message) { Code = "videos_unavailable" };

    /// <summary>The same as the failure of a reward model.</summary>
    public ScoringFailedException ToScoringFailure() => new(ToFailure(), this) { IsPromptUnreadable = true };
}
