using BestOfN.Core.Prompts;

namespace BestOfN.Core.Failures;

/// <summary>What went wrong, in words that the caller may read.</summary>
public sealed record Failure(FailureKind Kind, string Message)
{
    private const string TooLongCode = "context_length_exceeded";

    /// <summary>The part of the prompt that could not be read; null where no part is to blame.</summary>
    public ContentPart? Part { get; init; }

    /// <summary>The field of the request that is wrong; null where none is, or where <see cref="Part"/> names it.</summary>
    public string? Param { get; init; }

    /// <summary>A word for programs that tells more than the kind; null where there is none.</summary>
    public string? Code { get; init; }

    /// <summary>How long the caller should wait before another try; null: not known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What the server that was called answered; null where none answered.</summary>
    public UpstreamAnswer? Upstream { get; init; }

    /// <summary>The kind as a word in logs and metrics (<c>error.type</c>).</summary>
    public string ErrorType => Kind switch
    {
        FailureKind.InvalidRequest => "invalid_request",
        FailureKind.UnreadableInput => "unreadable_input",
        FailureKind.Overloaded => "overloaded",
        FailureKind.Unavailable => "unavailable",
        FailureKind.TimedOut => "timeout",
        FailureKind.Upstream => "upstream",
        _ => "internal",
    };

    /// <summary>Whether the request is to blame and not what serves it.</summary>
    public bool IsCallersFault => Kind is FailureKind.InvalidRequest or FailureKind.UnreadableInput;

    /// <summary>Whether the prompt alone has more tokens than the model reads.</summary>
    public bool IsPromptTooLong => Code is TooLongCode;

    /// <summary>The prompt alone has more tokens than the model reads.</summary>
    public static Failure PromptTooLong(string message) =>
        new(FailureKind.InvalidRequest, message) { Param = "messages", Code = TooLongCode };

    /// <summary>An image or a video that cannot be read.</summary>
    public static Failure Unreadable(ContentPart part, string message) => new(FailureKind.UnreadableInput, message)
    {
        Part = part,
        Code = part is VideoPart ? "invalid_video" : "invalid_image",
    };
}
