using System.Text.Json;
using BestOfN.Core.Prompts;

namespace BestOfN.Models.Scoring;

/// <summary>One line of a file to be scored: a conversation, a prompt with candidates, or token ids.</summary>
/// <remarks>
/// <c>images</c> and <c>videos</c>, lists of paths from the file's folder on, belong to the conversation: in place of each <c>&lt;ImageHere&gt;</c> of the user, images before videos,
/// or, where it has none, before the first user's words. Pictures may also stand in messages as <c>image_url</c> and <c>video_url</c> parts with <c>data:</c> URIs.
/// </remarks>
internal sealed record ScoringRow
{
    private const string Placeholder = "<ImageHere>";

    /// <summary>From 1.</summary>
    public required int Line { get; init; }

    /// <summary>The id as the file writes it, quotes included.</summary>
    public required string Id { get; init; }

    /// <summary>The conversation up to the answers; empty where the row holds token ids.</summary>
    public IReadOnlyList<ChatMessage> Prompt { get; init; } = [];

    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>The row asked for a list of scores.</summary>
    public bool HasCandidates { get; init; }

    public int[]? InputIds { get; init; }

    /// <exception cref="InvalidDataException">The line is none of the three; the message says what is wrong, not where.</exception>
    public static ScoringRow Parse(string text, int line, string folder)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Parse(document.RootElement, line, folder);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>The id of a line of output, or null where the line was cut off.</summary>
    public static string? IdOf(string outputLine)
    {
        try
        {
            using var document = JsonDocument.Parse(outputLine);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("id", out var id) ? id.GetRawText() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ScoringRow Parse(JsonElement root, int line, string folder)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"expected an object, found {root.ValueKind}");
        }

        if (!root.TryGetProperty("id", out var id) || id.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
        {
            throw new InvalidDataException("id: expected a string or a number");
        }

        var row = new ScoringRow { Line = line, Id = id.GetRawText() };
        if (root.TryGetProperty("input_ids", out var ids))
        {
            return ((string[])["messages", "images", "videos"]).FirstOrDefault(name => root.TryGetProperty(name, out _)) is { } found
                ? throw new InvalidDataException($"expected {found} or input_ids, found both")
                : row with { InputIds = Ids(ids) };
        }

        var messages = WithPictures(Messages(root), [.. Pictures(root, "images", folder), .. Pictures(root, "videos", folder)]);
        if (root.TryGetProperty("candidates", out var candidates))
        {
            if (messages[^1].Role == "assistant")
            {
                throw new InvalidDataException("messages: expected to end with the user's where there are candidates, found assistant");
            }

            return candidates.ValueKind == JsonValueKind.Array && candidates.GetArrayLength() > 0 && candidates.EnumerateArray().All(c => c.ValueKind == JsonValueKind.String)
                ? row with { Prompt = messages, Answers = [.. candidates.EnumerateArray().Select(c => c.GetString()!)], HasCandidates = true }
                : throw new InvalidDataException("candidates: expected a list of strings, at least one");
        }

        if (messages[^1].Role == "assistant" && messages[^1].Parts.Any(p => p is not TextPart))
        {
            throw new InvalidDataException("messages: expected the judged answer to be text, found a picture or a video in it");
        }

        return messages[^1].Role == "assistant"
            ? row with { Prompt = messages[..^1], Answers = [messages[^1].Text] }
            : throw new InvalidDataException($"messages: expected to end with an assistant message, or candidates; found {messages[^1].Role}");
    }

    private static ChatMessage[] Messages(JsonElement root)
    {
        if (!root.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw new InvalidDataException("expected messages, a list with at least one, or input_ids");
        }

        return [.. messages.EnumerateArray().Select((m, i) => Message(m, i))];
    }

    private static ChatMessage Message(JsonElement message, int index)
    {
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out var role) || role.ValueKind != JsonValueKind.String)
        {
            throw new InvalidDataException($"messages[{index}].role: expected a string");
        }

        var content = message.TryGetProperty("content", out var found) ? found : default;
        return content.ValueKind switch
        {
            JsonValueKind.String => new ChatMessage(role.GetString()!, content.GetString()!),
            JsonValueKind.Array => new ChatMessage(role.GetString()!, [.. content.EnumerateArray().Select((part, i) => Part(part, $"messages[{index}].content[{i}]"))]),
            _ => throw new InvalidDataException($"messages[{index}].content: expected a string or a list of parts"),
        };
    }

    private static ContentPart Part(JsonElement part, string name)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"{name}: expected an object, found {part.ValueKind}");
        }

        if (part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String)
        {
            return new TextPart(text.GetString()!);
        }

        return part.TryGetProperty("image_url", out var image) ? new ImagePart(Data(image, name + ".image_url")) { Source = name }
            : part.TryGetProperty("video_url", out var video) ? new VideoPart(Data(video, name + ".video_url")) { Source = name }
            : throw new InvalidDataException($"{name}: expected text, image_url or video_url");
    }

    private static byte[] Data(JsonElement reference, string name)
    {
        var url = reference.ValueKind == JsonValueKind.Object && reference.TryGetProperty("url", out var inner) ? inner : reference;
        var text = url.ValueKind == JsonValueKind.String ? url.GetString()! : "";
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || !text.StartsWith("data:", StringComparison.OrdinalIgnoreCase) || !text[..comma].EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidDataException($"{name}: expected a data: URI in base64; files are named in images and videos");
        }

        try
        {
            return Convert.FromBase64String(text[(comma + 1)..]);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{name}: not valid base64", e);
        }
    }

    private static IEnumerable<RowPicture> Pictures(JsonElement root, string field, string folder)
    {
        if (!root.TryGetProperty(field, out var list))
        {
            return [];
        }

        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(p => p.ValueKind == JsonValueKind.String && p.GetString()!.Length > 0)
            ? [.. list.EnumerateArray().Select((p, i) => Picture(Path.GetFullPath(p.GetString()!, folder), $"{field}[{i}]", field == "videos"))]
            : throw new InvalidDataException($"{field}: expected a list of paths");
    }

    private static RowPicture Picture(string path, string name, bool isVideo) =>
        File.Exists(path) ? new RowPicture(path, isVideo) : throw new InvalidDataException($"{name}: there is no file {path}");

    private static ChatMessage[] WithPictures(ChatMessage[] messages, IReadOnlyList<RowPicture> pictures)
    {
        if (pictures.Count == 0)
        {
            return messages;
        }

        var places = messages.Where(m => m.Role == "user").Sum(m => m.Parts.OfType<TextPart>().Sum(t => t.Text.Split(Placeholder).Length - 1));
        if (places == 0)
        {
            var first = Array.FindIndex(messages, m => m.Role == "user");
            return first >= 0 ? [.. messages.Select((m, i) => i == first ? m with { Parts = [.. pictures, .. m.Parts] } : m)]
                : throw new InvalidDataException("messages: expected a user's where there are pictures");
        }

        if (places != pictures.Count)
        {
            throw new InvalidDataException($"messages: expected {pictures.Count} {Placeholder}, one for each of images and videos, found {places}");
        }

        var next = 0;
        return [.. messages.Select(m => m.Role != "user" ? m : m with { Parts = [.. m.Parts.SelectMany(p => p is TextPart text ? Placed(text) : [p])] })];

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

    private static int[] Ids(JsonElement ids)
    {
        if (ids.ValueKind != JsonValueKind.Array || ids.GetArrayLength() == 0)
        {
            throw new InvalidDataException("input_ids: expected a list of token ids, at least one");
        }

        return [.. ids.EnumerateArray().Select(i => i.ValueKind == JsonValueKind.Number && i.TryGetInt32(out var id) && id >= 0
            ? id
            : throw new InvalidDataException($"input_ids: expected whole numbers from 0, found {i.GetRawText()}"))];
    }
}
