using BestOfN.Core.Prompts;

namespace BestOfN.Core.Rewards;

/// <summary>The reward model gave no usable score.</summary>
public sealed class ScoringFailedException : Exception
{
    public ScoringFailedException(string message, Exception? innerException = null) : base(message, innerException) { }

    /// <summary>The part of the prompt that could not be read; null where none is to blame. It is the sender's mistake, and the message may be shown to the sender.</summary>
    public ContentPart? Part { get; init; }
}
