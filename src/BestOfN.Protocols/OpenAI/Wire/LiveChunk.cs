namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>A piece of a stream that says nothing of a choice, as the one with the usage: it tells what happens to candidates.</summary>
public sealed record LiveChunk
{
    public required string Id { get; init; }

    public required string Object { get; init; }

    public required long Created { get; init; }

    public required string Model { get; init; }

    /// <summary>Always empty.</summary>
    public IReadOnlyList<ChatChunkChoice> Choices { get; } = [];

    public required LiveEvents BestOfN { get; init; }
}
