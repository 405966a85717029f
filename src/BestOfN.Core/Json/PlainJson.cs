using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace BestOfN.Core.Json;

/// <summary>
/// Writes JSON in which only what JSON demands is escaped, so that a text reads the same in a stream, in a whole answer and in what an
/// upstream said.
/// </summary>
public static class PlainJson
{
    public static JsonWriterOptions Options { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one object.</summary>
    /// <param name="writeFields">Writes what stands between its braces.</param>
    /// <returns>The object in UTF-8.</returns>
    public static ReadOnlyMemory<byte> WriteObject(Action<Utf8JsonWriter> writeFields)
    {
        ArgumentNullException.ThrowIfNull(writeFields);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            writeFields(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
