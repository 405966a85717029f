using BestOfN.Core.Prompts;

namespace BestOfN.Models.Prompts;

/// <summary>A part of a prompt cannot be shown to the model. The message names the part and says why.</summary>
internal sealed class UnreadablePromptException(string message, ContentPart? part, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The part to blame; null where the fault is not the sender's.</summary>
    public ContentPart? Part => part;
}
