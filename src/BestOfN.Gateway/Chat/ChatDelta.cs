using System.Text.Json;
using BestOfN.Core.Json;
using BestOfN.Gateway.Selection;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Chat;

/// <summary>Writes the deltas into which a message is taken apart.</summary>
internal static class ChatDelta
{
    public static RawJson Empty { get; } = new("{}"u8.ToArray());

    public static RawJson Opening { get; } = new("""{"role":"assistant"}"""u8.ToArray());

    public static RawJson Content(string text) => Write(json => json.WriteString("content"u8, text));

    /// <summary>A message's thoughts, which come before its text; a long one in pieces.</summary>
    public static IEnumerable<RawJson> Reasoning(JsonElement message)
    {
        foreach (var field in message.EnumerateObject()
            .Where(field => IsReasoning(field) && field.Value.ValueKind is not JsonValueKind.Null))
        {
            if (field.Value.ValueKind is not JsonValueKind.String)
            {
                yield return Write(json => field.WriteTo(json));
                continue;
            }

            foreach (var piece in TextPieces.Of(field.Value.GetString()!, 0))
            {
                yield return Write(json => json.WriteString(field.Name, piece));
            }
        }
    }

    /// <summary>
    /// All that a message holds besides role, thoughts and text, as it is: refusal, tool calls and what else an upstream adds.
    /// </summary>
    /// <returns>Null if there is nothing.</returns>
    public static RawJson? Rest(JsonElement message)
    {
        var rest = message.EnumerateObject()
            .Where(field => field.Value.ValueKind is not JsonValueKind.Null && !field.NameEquals("role"u8) && !IsReasoning(field)
                && !IsText(field)
                && !(IsCalls(field) && field.Value.GetArrayLength() == 0))
            .ToList();
        return rest.Count == 0 ? null : Write(json =>
        {
            foreach (var field in rest)
            {
                if (IsCalls(field))
                {
                    WriteToolCalls(json, field.Value);
                }
                else
                {
                    field.WriteTo(json);
                }
            }
        });
    }

    /// <summary>Whether a message refuses, or calls a tool.</summary>
    public static bool SaysSomethingElse(JsonElement message) => message.EnumerateObject().Any(field =>
        field.Name is "tool_calls" or "function_call" or "refusal" or "audio" && field.Value.ValueKind is not JsonValueKind.Null
        && !(field.Value.ValueKind is JsonValueKind.Array && field.Value.GetArrayLength() == 0));

    private static bool IsReasoning(JsonProperty field) =>
        field.Name.StartsWith("reasoning", StringComparison.Ordinal) || field.Name.StartsWith("thinking", StringComparison.Ordinal)
            || field.Name.StartsWith("thought", StringComparison.Ordinal);

    private static bool IsCalls(JsonProperty field) => field.NameEquals("tool_calls"u8) && field.Value.ValueKind is JsonValueKind.Array;

    private static bool IsText(JsonProperty field) => field.NameEquals("content"u8) && field.Value.ValueKind is JsonValueKind.String;

    /// <summary>In a stream, and only there, a tool call bears an index.</summary>
    private static void WriteToolCalls(Utf8JsonWriter json, JsonElement calls)
    {
        json.WriteStartArray("tool_calls"u8);
        var index = 0;
        foreach (var call in calls.EnumerateArray())
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, index++);
            foreach (var field in call.EnumerateObject().Where(field => !field.NameEquals("index"u8)))
            {
                json.WritePropertyName(field.Name);
                json.WriteRawValue(field.Value.GetRawText());
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static RawJson Write(Action<Utf8JsonWriter> writeFields) => new(PlainJson.WriteObject(writeFields));
}
