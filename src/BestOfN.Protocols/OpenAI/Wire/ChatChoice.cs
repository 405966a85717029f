using System.Text.Json;
using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

public sealed record ChatChoice(
    int Index,
    RawJson Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] RawJson Logprobs,
    string FinishReason)
{
    /// <summary>What else an upstream says of the choice.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Fields { get; set; }
}
