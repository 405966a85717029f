using BestOfN.Core.Failures;
using BestOfN.Core.Generation;

namespace BestOfN.Testing.Fakes;

/// <summary>What a fake generator does for one candidate.</summary>
public sealed record FakeCandidate(string Text)
{
    public string FinishReason { get; init; } = "stop";

    /// <summary>The message object as JSON; null: one with the text.</summary>
    public string? Message { get; init; }

    public string? Logprobs { get; init; }

    public int? CompletionTokens { get; init; }

    public GenerationFailedException? Failure { get; init; }

    /// <summary>The text comes, the end never does.</summary>
    public bool Hangs { get; init; }

    /// <summary>The end comes when this completes.</summary>
    public Task Gate { get; init; } = Task.CompletedTask;

    /// <summary>The pieces in which the text arrives; one piece counts as one token.</summary>
    public IReadOnlyList<string> Pieces => Text.Length == 0 ? [] : [.. Text.Split(' ').Select((word, i) => i == 0 ? word : " " + word)];

    public static implicit operator FakeCandidate(string text) => new(text);

    public static FakeCandidate FromText(string text) => new(text);

    public static FakeCandidate Failing(string message = "It broke.", int? status = null) =>
        new("") { Failure = new(Refusal(message, status), new InvalidOperationException(message)) };

    /// <summary>What a server with this status means; null: the model in process failed.</summary>
    public static Failure Refusal(string message, int? status, string body = "") => status is not { } given
        ? new(FailureKind.Internal, message)
        : new(given switch
        {
            429 => FailureKind.Overloaded,
            503 => FailureKind.Unavailable,
            >= 400 and < 500 => FailureKind.InvalidRequest,
            _ => FailureKind.Upstream,
        }, message)
        {
            Upstream = new(given, System.Text.Encoding.UTF8.GetBytes(body)),
        };
}
