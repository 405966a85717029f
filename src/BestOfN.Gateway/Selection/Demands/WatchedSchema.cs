using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace BestOfN.Gateway.Selection.Demands;

/// <summary>
/// A client's schema, written again with <see cref="WatchKeyword"/> in each subschema and without names that other documents could be found
/// by.
/// </summary>
internal static class WatchedSchema
{
    private const int BytesPerStep = 256;

    /// <exception cref="NotSupportedException">It has references that are decided while it is applied.</exception>
    public static string Write(JsonElement schema)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            Write(schema, json);
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    // Which objects are subschemas depends on the keyword around them. In one that is none, such as `properties`, the watch is a schema
    // that a property of this name has to fit: one that allows anything, which does no harm.
    private static void Write(JsonElement value, Utf8JsonWriter json)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                WatchKeyword.Write(json, 1 + (JsonMarshal.GetRawUtf8Value(value).Length / BytesPerStep));
                foreach (var member in value.EnumerateObject())
                {
                    WriteMember(member, json);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(item, json);
                }

                json.WriteEndArray();
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    private static void WriteMember(JsonProperty member, Utf8JsonWriter json)
    {
        switch (member.Name)
        {
            case WatchKeyword.Keyword:
            case "$schema" or "$id" or "id" or "$vocabulary"
                when member.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False):
                break;
            case "$dynamicRef" or "$recursiveRef" when member.Value.ValueKind is JsonValueKind.String:
                throw new NotSupportedException($"'{member.Name}' is not supported.");
            case "const" or "enum" or "default" or "examples" or "example" or "dependentRequired":
                member.WriteTo(json);
                break;
            default:
                json.WritePropertyName(member.Name);
                Write(member.Value, json);
                break;
        }
    }
}
