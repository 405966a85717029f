using BestOfN.Core.Prompts;

namespace BestOfN.Core.Rewards;

/// <summary>The reward model gave no usable score.</summary>
public sealed class ScoringFailedException : Exception
{
    public ScoringFailedException(string message, Exception? innerException = null) : base(message, innerException) { }

    /// <summary>The message may repeat what the prompt says, so it is not for a log.</summary>
    public bool MayQuotePrompt { get; init; }

    /// <summary>The part of the prompt that could not be read; null where none is to blame. It is the sender's mistake, and the message may be shown to the sender.</summary>
    public ContentPart? Part { get; init; }

    /// <summary>
    /// The prompt cannot be shown to the model, so that no fallback helps: who was to judge has not seen the question. Where no <see cref="Part"/> is to blame,
    /// the server is, which lacks a tool.
    /// </summary>
    public bool IsPromptUnreadable { get => field || Part is not null || IsPromptTooLong; init; }

    /// <summary>The prompt alone has more tokens than the model reads. It is the sender's mistake, and the message may be shown to the sender.</summary>
    public bool IsPromptTooLong { get; init; }
}
