using BestOfN.Gateway.Wire;

namespace BestOfN.Gateway.Completions;

/// <summary>The whole answer of the older route, and a piece of it when it is streamed: they look alike.</summary>
internal sealed record Completion
{
    public required string Id { get; init; }

    public string Object { get; } = "text_completion";

    public required long Created { get; init; }

    public required string Model { get; init; }

    public required IReadOnlyList<CompletionChoice> Choices { get; init; }

    public Usage? Usage { get; init; }

    public BestOfNReport? BestOfN { get; init; }
}
