using System.Text;
using System.Text.Json;
using BestOfN.Core.Generation;

namespace BestOfN.Core.Selection;

/// <summary>What a message says and does, whatever its finish reason: text, refusal and tool calls.</summary>
/// <remarks>Reasoning is left out, in fields (<c>reasoning_content</c>, <c>reasoning</c>) and in parts (<c>thinking</c>). Ids are left out
/// too: they differ in every candidate.</remarks>
public sealed record MessageContent
{
    public string Text { get; init; } = "";

    public string Refusal { get; init; } = "";

    /// <summary>In the order of the message; the older <c>function_call</c> comes last.</summary>
    public IReadOnlyList<ToolCall> Calls { get; init; } = [];

    /// <summary>The message carries sound or images, which are not read here.</summary>
    public bool HasMedia { get; init; }

    public bool IsEmpty => string.IsNullOrWhiteSpace(Text) && Refusal.Length == 0 && Calls.Count == 0 && !HasMedia;

    public static MessageContent Of(Candidate candidate)
    {
        if (candidate.Message.IsEmpty)
        {
            return new() { Text = candidate.Text };
        }

        using var message = JsonDocument.Parse(candidate.Message, new JsonDocumentOptions { MaxDepth = CanonicalJson.MaxDepth });
        var content = Of(message.RootElement);
        return content.Text.Length == 0 ? content with { Text = candidate.Text } : content;
    }

    /// <param name="message">The message object, as OpenAI's protocol writes it.</param>
    public static MessageContent Of(JsonElement message)
    {
        if (message.ValueKind is not JsonValueKind.Object)
        {
            return new();
        }

        var (text, refusal, hasMedia) = (new StringBuilder(), new StringBuilder(), false);
        if (message.TryGetProperty("content", out var content))
        {
            AddContent(content, text, refusal, ref hasMedia);
        }

        refusal.Append(StringIn(message, "refusal"));
        if (message.TryGetProperty("audio", out var audio) && audio.ValueKind is JsonValueKind.Object)
        {
            hasMedia = true;
            text.Append(StringIn(audio, "transcript"));
        }

        hasMedia |= message.TryGetProperty("images", out var images) && images.ValueKind is JsonValueKind.Array
            && images.GetArrayLength() > 0;
        return new() { Text = text.ToString(), Refusal = refusal.ToString(), Calls = [.. CallsIn(message)], HasMedia = hasMedia };
    }

    /// <summary>The text of a part of a message's content; null where the part is not text.</summary>
    public static string? TextOf(JsonElement part) => part.ValueKind switch
    {
        JsonValueKind.String => Read(part),
        JsonValueKind.Object when StringIn(part, "type") is "text" or "output_text" => StringIn(part, "text"),
        _ => null,
    };

    private static void AddContent(JsonElement content, StringBuilder text, StringBuilder refusal, ref bool hasMedia)
    {
        if (content.ValueKind is not JsonValueKind.Array)
        {
            text.Append(TextOf(content));
            return;
        }

        foreach (var part in content.EnumerateArray())
        {
            text.Append(TextOf(part));
            if (part.ValueKind is JsonValueKind.Object)
            {
                refusal.Append(StringIn(part, "type") is "refusal" ? StringIn(part, "refusal") : null);
                hasMedia |= StringIn(part, "type") is "image_url" or "video_url" or "output_audio";
            }
        }
    }

    private static IEnumerable<ToolCall> CallsIn(JsonElement message)
    {
        if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind is JsonValueKind.Array)
        {
            foreach (var call in calls.EnumerateArray().Where(call => call.ValueKind is JsonValueKind.Object))
            {
                yield return Call(call);
            }
        }

        if (message.TryGetProperty("function_call", out var older) && older.ValueKind is JsonValueKind.Object)
        {
            yield return new(ToolCall.Function, StringIn(older, "name") ?? "", StringIn(older, "arguments") ?? "");
        }
    }

    private static ToolCall Call(JsonElement call)
    {
        if (call.TryGetProperty("function", out var function) && function.ValueKind is JsonValueKind.Object)
        {
            return new(ToolCall.Function, StringIn(function, "name") ?? "", StringIn(function, "arguments") ?? "");
        }

        if (call.TryGetProperty("custom", out var custom) && custom.ValueKind is JsonValueKind.Object)
        {
            return new(ToolCall.Custom, StringIn(custom, "name") ?? "", StringIn(custom, "input") ?? "");
        }

        // A kind of call that is not known here: all of it but what only numbers it.
        var rest = call.EnumerateObject().Where(field => field.Name is not ("id" or "index" or "type"))
            .Select(field => $"{JsonSerializer.Serialize(field.Name)}:{field.Value.GetRawText()}");
        return new(StringIn(call, "type") ?? "", StringIn(call, "name") ?? "", $"{{{string.Join(',', rest)}}}");
    }

    private static string? StringIn(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null ? Read(value) : null;

    private static string Read(JsonElement value)
    {
        try
        {
            return value.ValueKind is JsonValueKind.String ? value.GetString()! : value.GetRawText();
        }
        catch (InvalidOperationException)
        {
            return value.GetRawText(); // an escape that is no Unicode, such as half of a surrogate pair
        }
    }
}
