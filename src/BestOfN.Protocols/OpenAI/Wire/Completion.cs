namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>The whole answer of the older route, and a piece of it when it is streamed: they look alike.</summary>
public sealed record Completion
{
    public required string Id { get; init; }

    public string Object { get; } = "text_completion";

    public required long Created { get; init; }

    public required string Model { get; init; }

    public required IReadOnlyList<CompletionChoice> Choices { get; init; }

    public Usage? Usage { get; init; }

    public BestOfNReport? BestOfN { get; init; }
}
