using System.Buffers;
using System.Text.Json;

namespace BestOfN.Core.Selection;

/// <summary>The message object for a text that no generator has wrapped.</summary>
internal static class AssistantMessage
{
    public static ReadOnlyMemory<byte> Write(string text)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("role"u8, "assistant"u8);
            json.WriteString("content"u8, text);
            json.WriteNull("refusal"u8);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
