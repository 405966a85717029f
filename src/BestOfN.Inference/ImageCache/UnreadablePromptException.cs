using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;

namespace BestOfN.Inference.ImageCache;

/// <summary>A part of a prompt cannot be shown to the model. The message names the part and says why.</summary>
internal sealed class UnreadablePromptException(string message, ContentPart? part, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The part to blame; null where the fault is not the sender's.</summary>
    public ContentPart? Part => part;

    /// <summary>The same in the words of a reward model.</summary>
    public ScoringFailedException ToScoringFailure() => new(Message, this) { Part = part, IsPromptUnreadable = true };
}
