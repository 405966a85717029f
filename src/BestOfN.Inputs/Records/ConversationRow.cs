using System.Text;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Records;

/// <summary>Reads the conversation of a JSON row: <c>messages</c> with <c>images</c> and <c>videos</c> beside them.</summary>
/// <remarks>
/// <c>images</c> and <c>videos</c> are lists of paths from the file's folder on. Their places are the <c>&lt;ImageHere&gt;</c> in the
/// user's messages, images before videos, or, where there is none, the begin of the first user message. Images and videos may also
/// stand in messages as <c>image_url</c> and <c>video_url</c> parts with <c>data:</c> URIs.
/// </remarks>
internal static class ConversationRow
{
    /// <summary>Marks the place of an image or a video in a text.</summary>
    public const string Placeholder = InternLMMarkers.Image;

    // What chat templates read of a message besides role and content.
    private static readonly string[] s_furtherFields = ["name", "tool_calls", "tool_call_id", "reasoning_content"];

    private static readonly FieldNames s_messageFields = new(
        ["role", "content", .. s_furtherFields],
        new Dictionary<string, string> { ["from"] = "role", ["value"] = "content", ["text"] = "content" });

    private static readonly FieldNames s_partFields = new(["type", "text", "image_url", "video_url"]);

    private static readonly FieldNames s_urlFields = new(["url", "detail"]);

    /// <summary>The messages with their images and videos in place; files are named, not read.</summary>
    /// <param name="root">The row, an object.</param>
    /// <param name="folder">Where paths begin.</param>
    /// <exception cref="InvalidDataException">A field is not as expected, or a file is missing. The message names the field.</exception>
    public static ChatMessage[] Read(JsonElement root, string folder) =>
        WithMedia(Messages(root), [.. Media(root, "images", folder), .. Media(root, "videos", folder)]);

    private static ChatMessage[] Messages(JsonElement root)
    {
        if (!root.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array
            || messages.GetArrayLength() == 0)
        {
            throw new InvalidDataException("expected messages, a list with at least one, or input_ids");
        }

        return [.. messages.EnumerateArray().Select((m, i) => Message(m, i))];
    }

    private static ChatMessage Message(JsonElement message, int index)
    {
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out var role)
            || role.ValueKind != JsonValueKind.String)
        {
            throw new InvalidDataException($"messages[{index}].role: expected a string");
        }

        s_messageFields.Check(message, $"messages[{index}].");
        var content = message.TryGetProperty("content", out var found) ? found : default;
        var fields = message.EnumerateObject()
            .Where(m => s_furtherFields.Contains(m.Name) && m.Value.ValueKind != JsonValueKind.Null)
            .ToDictionary(m => m.Name, m => m.Value);
        ContentPart[] parts = content.ValueKind switch
        {
            JsonValueKind.String => [new TextPart(content.GetString()!)],
            JsonValueKind.Array => [.. content.EnumerateArray().Select((part, i) => Part(part, $"messages[{index}].content[{i}]"))],
            JsonValueKind.Null when fields.ContainsKey("tool_calls") => [],
            _ => throw new InvalidDataException(
                $"messages[{index}].content: expected a string or a list of parts, or null beside tool_calls"),
        };
        if (content.ValueKind == JsonValueKind.Null)
        {
            fields.Add("content", content);
        }

        return new ChatMessage(role.GetString()!, parts) { Fields = fields };
    }

    private static ContentPart Part(JsonElement part, string name)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"{name}: expected an object, found {part.ValueKind}");
        }

        s_partFields.Check(part, name + ".");
        string[] found = [.. ((string[])["text", "image_url", "video_url"]).Where(field => part.TryGetProperty(field, out _))];
        if (found.Length > 1)
        {
            throw new InvalidDataException($"{name}: expected {found[0]} or {found[1]}, found both");
        }

        if (part.TryGetProperty("type", out var type)
            && (type.ValueKind != JsonValueKind.String || (found.Length == 1 && type.GetString() != found[0])))
        {
            var expected = found.Length == 1 ? found[0] : "text, image_url or video_url";
            throw new InvalidDataException($"{name}.type: expected {expected}, found {type.GetRawText()}");
        }

        if (part.TryGetProperty("text", out var text))
        {
            return text.ValueKind == JsonValueKind.String ? new TextPart(text.GetString()!)
                : throw new InvalidDataException($"{name}.text: expected a string");
        }

        return part.TryGetProperty("image_url", out var image) ? new ImagePart(Data(image, name + ".image_url")) { Source = name }
            : part.TryGetProperty("video_url", out var video) ? new VideoPart(Data(video, name + ".video_url")) { Source = name }
            : throw new InvalidDataException($"{name}: expected text, image_url or video_url");
    }

    private static ReadOnlyMemory<byte> Data(JsonElement reference, string name)
    {
        if (reference.ValueKind == JsonValueKind.Object)
        {
            s_urlFields.Check(reference, name + ".");
        }

        var url = reference.ValueKind == JsonValueKind.Object && reference.TryGetProperty("url", out var inner) ? inner : reference;
        if (!DataUri.TryParse(Encoding.UTF8.GetBytes(url.ValueKind == JsonValueKind.String ? url.GetString()! : ""), out var uri))
        {
            throw new InvalidDataException($"{name}: expected a data: URI in base64; files are named in images and videos");
        }

        return uri.TryDecode(out var content) ? content : throw new InvalidDataException($"{name}: not valid base64");
    }

    private static IEnumerable<MediaFilePart> Media(JsonElement root, string field, string folder)
    {
        if (!root.TryGetProperty(field, out var list))
        {
            return [];
        }

        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(IsPath)
            ? [.. list.EnumerateArray().Select((p, i) =>
                MediaFile(Path.GetFullPath(p.GetString()!, folder), $"{field}[{i}]", field == "videos"))]
            : throw new InvalidDataException($"{field}: expected a list of paths");
    }

    private static bool IsPath(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } path
        && !path.Contains('\0', StringComparison.Ordinal);

    private static MediaFilePart MediaFile(string path, string name, bool isVideo) =>
        File.Exists(path) ? new MediaFilePart(path, isVideo) : throw new InvalidDataException($"{name}: there is no file {path}");

    private static ChatMessage[] WithMedia(ChatMessage[] messages, IReadOnlyList<MediaFilePart> pictures)
    {
        if (pictures.Count == 0)
        {
            return messages;
        }

        var places = messages.Where(m => m.Role == "user")
            .Sum(m => m.Parts.OfType<TextPart>().Sum(t => t.Text.Split(Placeholder).Length - 1));
        if (places == 0)
        {
            var first = Array.FindIndex(messages, m => m.Role == "user");
            return first >= 0 ? [.. messages.Select((m, i) => i == first ? m with { Parts = [.. pictures, .. m.Parts] } : m)]
                : throw new InvalidDataException("messages: expected a user's where there are pictures");
        }

        if (places != pictures.Count)
        {
            throw new InvalidDataException(
                $"messages: expected {pictures.Count} {Placeholder}, one for each of images and videos, found {places}");
        }

        var next = 0;
        return [.. messages.Select(m => m.Role != "user" ? m
            : m with { Parts = [.. m.Parts.SelectMany(p => p is TextPart text ? Placed(text) : [p])] })];

        IEnumerable<ContentPart> Placed(TextPart text)
        {
            var pieces = text.Text.Split(Placeholder);
            yield return new TextPart(pieces[0]);
            foreach (var piece in pieces[1..])
            {
                yield return pictures[next++];
                yield return new TextPart(piece);
            }
        }
    }
}
