using System.Text.Json;
using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>A piece of a streamed answer.</summary>
public sealed record ChatCompletionChunk
{
    public required string Id { get; init; }

    public string Object { get; } = "chat.completion.chunk";

    public required long Created { get; init; }

    public required string Model { get; init; }

    public required IReadOnlyList<ChatChunkChoice> Choices { get; init; }

    /// <summary>In the last chunk only, and only if asked for.</summary>
    public Usage? Usage { get; init; }

    public BestOfNReport? BestOfN { get; init; }

    /// <summary>What else an upstream says of the answer.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Fields { get; set; }
}
