using System.Text.Json;
using System.Text.Json.Serialization;
using BestOfN.Core.Generation;

namespace BestOfN.Gateway.Wire;

internal sealed record Usage(long PromptTokens, long CompletionTokens, long TotalTokens)
{
    /// <summary>What else a generator says of it, such as <c>prompt_tokens_details</c>.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Details { get; set; }

    /// <returns>Null where nobody counted the prompt: a prompt without tokens there is not.</returns>
    public static Usage? Of(TokenUsage usage) => usage.PromptTokens == 0 ? null : new(usage.PromptTokens, usage.CompletionTokens, usage.TotalTokens)
    {
        Details = usage.Details.Count == 0 ? null : new Dictionary<string, JsonElement>(usage.Details),
    };
}
