using System.Text.Json;
using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

public sealed class RawJsonConverter : JsonConverter<RawJson>
{
    public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Raw JSON is only written.");

    public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options)
    {
        if (value.Utf8.IsEmpty)
        {
            writer.WriteNullValue();
        }
        else
        {
            // Whoever made it has written it as JSON; to check it again would limit its depth.
            writer.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
        }
    }
}
