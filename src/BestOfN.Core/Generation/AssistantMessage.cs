using BestOfN.Core.Json;

namespace BestOfN.Core.Generation;

/// <summary>OpenAI's message object for an answer that is text alone.</summary>
public static class AssistantMessage
{
    /// <returns>JSON in UTF-8.</returns>
    public static ReadOnlyMemory<byte> Write(string text) => PlainJson.WriteObject(json =>
    {
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("content"u8, text);
        json.WriteNull("refusal"u8);
    });
}
