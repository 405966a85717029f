using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace BestOfN.Core.Selection;

/// <summary>The message object for a text that no generator has wrapped.</summary>
internal static class AssistantMessage
{
    // Only what JSON demands is escaped, so that a text reads the same in a stream, in a whole answer and in what an upstream said.
    private static readonly JsonWriterOptions _verbatim = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Write(string text)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, _verbatim))
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
