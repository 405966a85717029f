using BestOfN.Core.Prompts;

namespace BestOfN.Core.Generation;

/// <summary>No candidate could be made.</summary>
public sealed class GenerationFailedException : Exception
{
    public GenerationFailedException(string message, Exception? innerException = null) : base(message, innerException) { }

    /// <summary>The status an HTTP upstream answered with; null if it did not answer.</summary>
    public int? StatusCode { get; init; }

    /// <summary>The body an HTTP upstream answered with (UTF-8), to be relayed where the answer was the client's fault.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The part of the prompt that could not be read; null where none is to blame. It is the sender's mistake, and the message may be shown to the sender.</summary>
    public ContentPart? Part { get; init; }

    /// <summary>The prompt alone has more tokens than the model reads.</summary>
    public bool IsPromptTooLong { get; init; }

    /// <summary>How long the upstream asked to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
