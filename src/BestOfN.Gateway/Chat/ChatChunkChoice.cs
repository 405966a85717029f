using System.Text.Json;
using System.Text.Json.Serialization;
using BestOfN.Gateway.Wire;

namespace BestOfN.Gateway.Chat;

internal sealed record ChatChunkChoice(
    int Index,
    RawJson Delta,
    RawJson? Logprobs = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason = null)
{
    /// <summary>What else an upstream says of the choice.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Fields { get; set; }
}
