using System.Text.Json;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Data.Cleaning;

/// <summary>A record of any format, as the checks and the reward model see it.</summary>
/// <param name="Source">What it is compared with; null where the record names none.</param>
/// <param name="Turns">In order.</param>
/// <param name="Images">Paths or data URLs, in order.</param>
/// <param name="Placeholder">What stands for an image in a text; null where images are parts of a message.</param>
internal sealed record CorpusRecord(string? Source, IReadOnlyList<CorpusTurn> Turns, IReadOnlyList<string> Images, string? Placeholder)
{
    private const string LlavaPlaceholder = "<image>";
    private const string IxcPlaceholder = InternLMMarkers.Image;

    private static readonly JsonDocumentOptions s_json = new() { AllowDuplicateProperties = true };

    public IEnumerable<string> Answers => Turns.Where(turn => turn.Role == "assistant").Select(turn => turn.Text);

    /// <returns>Null where it cannot be read: no JSON, a wrong type, or no known field with a conversation.</returns>
    public static CorpusRecord? Read(ReadOnlySpan<byte> json, CleaningOptions options)
    {
        try
        {
            var record = JsonElement.Parse(json, s_json);
            var source = record.TryGetProperty(options.SourceField, out var named) && named.ValueKind == JsonValueKind.String
                ? named.GetString() : null;
            return options.Format != "openai"
                && (record.TryGetProperty("conversations", out var turns) || record.TryGetProperty("items", out turns))
                    ? OfConversations(record, turns, source, options)
                : options.Format is "openai" or "auto" && record.TryGetProperty("messages", out var messages)
                    ? OfMessages(record, messages, source)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static CorpusRecord OfConversations(JsonElement record, JsonElement turns, string? source, CleaningOptions options)
    {
        var read = turns.EnumerateArray().Select(turn => (From: Text(turn, "from"), Value: Text(turn, "value"))).ToArray();
        var isIxc = options.Format == "ixc" || (options.Format == "auto" && read.Any(turn => turn.From == "bot"));
        return new(
            source,
            [.. read.Select(turn => new CorpusTurn(Role(turn.From), turn.Value, []))],
            [.. Paths(record, "image"), .. Paths(record, "images"), .. Paths(record, "video")],
            isIxc ? IxcPlaceholder : LlavaPlaceholder);
    }

    private static CorpusRecord OfMessages(JsonElement record, JsonElement messages, string? source)
    {
        var (turns, images) = (new List<CorpusTurn>(), new List<string>());
        foreach (var message in messages.EnumerateArray())
        {
            var places = new List<int>();
            var text = message.TryGetProperty("content", out var content) ? Content(content, images, places) : "";
            text += message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array ? calls.GetRawText() : "";
            turns.Add(new(Role(Text(message, "role")), text, places));
        }

        string[] beside = [.. Paths(record, "images"), .. Paths(record, "videos")];
        return new(source, turns, [.. images, .. beside], beside.Length > 0 ? LlavaPlaceholder : null);
    }

    private static string Content(JsonElement content, List<string> images, List<int> places)
    {
        if (content.ValueKind is JsonValueKind.String or JsonValueKind.Null)
        {
            return content.GetString() ?? "";
        }

        var text = "";
        foreach (var part in content.EnumerateArray())
        {
            switch (Text(part, "type"))
            {
                case "text":
                    text += Text(part, "text");
                    break;
                case "image_url" or "video_url" when part.GetProperty(Text(part, "type")) is var url:
                    places.Add(text.Length);
                    images.Add(url.ValueKind == JsonValueKind.String ? url.GetString()! : Text(url, "url"));
                    break;
            }
        }

        return text;
    }

    private static IEnumerable<string> Paths(JsonElement record, string name) =>
        !record.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? []
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(path => path.GetString()!)
        : [value.GetString()!];

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString() ?? throw new KeyNotFoundException();

    private static string Role(string from) => from switch
    {
        "human" or "user" => "user",
        "gpt" or "bot" or "assistant" or "model" or "chatgpt" => "assistant",
        "observation" or "tool" or "function" => "tool",
        _ => from,
    };
}
