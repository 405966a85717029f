using System.Text.Json;
using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>The whole answer.</summary>
public sealed record ChatCompletion
{
    public required string Id { get; init; }

    public string Object { get; } = "chat.completion";

    public required long Created { get; init; }

    public required string Model { get; init; }

    public required IReadOnlyList<ChatChoice> Choices { get; init; }

    /// <summary>Null where it is not known.</summary>
    public required Usage? Usage { get; init; }

    public BestOfNReport? BestOfN { get; init; }

    /// <summary>What else an upstream says of the answer.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Fields { get; set; }
}
