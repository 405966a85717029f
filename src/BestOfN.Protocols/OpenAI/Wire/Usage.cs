using System.Text.Json;
using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

public sealed record Usage(long PromptTokens, long CompletionTokens, long TotalTokens)
{
    /// <summary>What else a generator says of it, such as <c>prompt_tokens_details</c>.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Details { get; set; }
}
