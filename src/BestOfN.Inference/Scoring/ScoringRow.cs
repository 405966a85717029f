using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Records;

namespace BestOfN.Inference.Scoring;

/// <summary>One line of a file to be scored: a conversation, a prompt with candidates, or token ids.</summary>
/// <remarks>
/// <c>images</c> and <c>videos</c>, lists of paths from the file's folder on, belong to the conversation: in place of each
/// <c>&lt;ImageHere&gt;</c> of the user, images before videos, or, where it has none, before the first user's words. Pictures may also
/// stand in messages as <c>image_url</c> and <c>video_url</c> parts with <c>data:</c> URIs. A field that is not read is refused, for it
/// might have changed the score; <c>metadata</c> is the one that is passed over.
/// </remarks>
internal sealed record ScoringRow
{
    private const string Placeholder = "<ImageHere>";

    private static readonly FieldNames s_fields = new(
        ["id", "messages", "candidates", "images", "videos", "input_ids", "metadata"],
        new Dictionary<string, string>
        {
            ["image"] = "images, a list of paths",
            ["video"] = "videos, a list of paths",
            ["conversation"] = "messages",
            ["conversations"] = "messages, each with role and content",
            ["prompt"] = "messages",
            ["answers"] = "candidates",
            ["answer"] = "candidates",
            ["responses"] = "candidates",
            ["completions"] = "candidates",
            ["chosen"] = "candidates",
            ["rejected"] = "candidates",
            ["tokens"] = "input_ids",
        });

    // What chat templates read of a message besides role and content.
    private static readonly string[] s_furtherFields = ["name", "tool_calls", "tool_call_id", "reasoning_content"];

    private static readonly FieldNames s_messageFields = new(
        ["role", "content", .. s_furtherFields],
        new Dictionary<string, string> { ["from"] = "role", ["value"] = "content", ["text"] = "content" });

    private static readonly FieldNames s_partFields = new(["type", "text", "image_url", "video_url"]);

    private static readonly FieldNames s_urlFields = new(["url", "detail"]);

    private byte[] _text = [];

    /// <summary>From 1.</summary>
    public required int Line { get; init; }

    /// <summary>The id as the file writes it, quotes included; the number of the line where it has none.</summary>
    public required string Id { get; init; }

    /// <summary>The mistake in the row; null where it can be scored.</summary>
    public string? Error { get; init; }

    /// <summary>The conversation up to the answers; empty where the row holds token ids.</summary>
    public IReadOnlyList<ChatMessage> Prompt { get; init; } = [];

    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>Further fields of the judged message.</summary>
    public IReadOnlyDictionary<string, JsonElement>? AnswerFields { get; init; }

    /// <summary>The row asked for a list of scores.</summary>
    public bool HasCandidates { get; init; }

    public int[]? InputIds { get; init; }

    /// <summary>Reads a row; one that is not as expected has an <see cref="Error"/>.</summary>
    /// <param name="line">The line.</param>
    /// <param name="folder">Where the paths of pictures begin.</param>
    public static ScoringRow Read(JsonLine line, string folder)
    {
        var row = new ScoringRow { Line = line.Number, Id = line.Number.ToString(CultureInfo.InvariantCulture),
            _text = line.Text?.ToArray() ?? [] };
        try
        {
            var root = line.ParseUnchecked();
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException($"expected an object, found {root.ValueKind}");
            }

            if (root.TryGetProperty("id", out var id))
            {
                JsonText.CheckWhole(id, "id");
                row = id.ValueKind is JsonValueKind.String or JsonValueKind.Number ? row with { Id = id.GetRawText() }
                    : throw new InvalidDataException("id: expected a string or a number");
            }

            JsonText.CheckWhole(root);
            s_fields.Check(root);
            return Read(root, row, folder);
        }
        catch (InvalidDataException e)
        {
            return row with { Error = e.Message };
        }
    }

    /// <summary>Names the place of a mistake, then the mistake.</summary>
    public static string Sentence(string path, int line, string error) =>
        $"{path}, line {line}: {error.TrimEnd('.')}{(error.EndsWith('?') ? "" : ".")}";

    /// <summary>Tells the row from every other, its pictures' contents included.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_text);
        foreach (var picture in Prompt.SelectMany(m => m.Parts).OfType<RowPicture>())
        {
            hash.AppendData(ContentOf(picture));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    /// <summary>Equal for ids that say the same, however they are spelled.</summary>
    public static string Key(string id)
    {
        using var document = JsonDocument.Parse(id);
        return document.RootElement.ValueKind == JsonValueKind.String ? "text " + document.RootElement.GetString() : "number " + id;
    }

    // One that cannot be read fails its row; once it can, it is another row.
    private static byte[] ContentOf(RowPicture picture)
    {
        try
        {
            return FileDigest.Of(picture.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static ScoringRow Read(JsonElement root, ScoringRow row, string folder)
    {
        if (root.TryGetProperty("input_ids", out var ids))
        {
            return ((string[])["messages", "candidates", "images", "videos"])
                .FirstOrDefault(name => root.TryGetProperty(name, out _)) is { } found
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

            return candidates.ValueKind == JsonValueKind.Array && candidates.GetArrayLength() > 0
                && candidates.EnumerateArray().All(c => c.ValueKind == JsonValueKind.String)
                ? row with { Prompt = messages, Answers = [.. candidates.EnumerateArray().Select(c => c.GetString()!)],
                    HasCandidates = true }
                : throw new InvalidDataException("candidates: expected a list of strings, at least one");
        }

        if (messages[^1].Role == "assistant" && messages[^1].Parts.Any(p => p is not TextPart))
        {
            throw new InvalidDataException("messages: expected the judged answer to be text, found a picture or a video in it");
        }

        return messages[^1].Role == "assistant"
            ? row with { Prompt = messages[..^1], Answers = [messages[^1].Text],
                AnswerFields = messages[^1].Fields is { Count: > 0 } fields ? fields : null }
            : throw new InvalidDataException(
                $"messages: expected to end with an assistant message, or candidates; found {messages[^1].Role}");
    }

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
        var fields = message.EnumerateObject().Where(m => s_furtherFields.Contains(m.Name) && m.Value.ValueKind != JsonValueKind.Null)
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
            throw new InvalidDataException(
                $"{name}.type: expected {(found.Length == 1 ? found[0] : "text, image_url or video_url")}, found {type.GetRawText()}");
        }

        if (part.TryGetProperty("text", out var text))
        {
            return text.ValueKind == JsonValueKind.String
                ? new TextPart(text.GetString()!)
                : throw new InvalidDataException($"{name}.text: expected a string");
        }

        return part.TryGetProperty("image_url", out var image) ? new ImagePart(Data(image, name + ".image_url")) { Source = name }
            : part.TryGetProperty("video_url", out var video) ? new VideoPart(Data(video, name + ".video_url")) { Source = name }
            : throw new InvalidDataException($"{name}: expected text, image_url or video_url");
    }

    private static byte[] Data(JsonElement reference, string name)
    {
        if (reference.ValueKind == JsonValueKind.Object)
        {
            s_urlFields.Check(reference, name + ".");
        }

        var url = reference.ValueKind == JsonValueKind.Object && reference.TryGetProperty("url", out var inner) ? inner : reference;
        var text = url.ValueKind == JsonValueKind.String ? url.GetString()! : "";
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0 || !text.StartsWith("data:", StringComparison.OrdinalIgnoreCase)
            || !text[..comma].EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
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

        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(IsPath)
            ? [.. list.EnumerateArray()
                .Select((p, i) => Picture(Path.GetFullPath(p.GetString()!, folder), $"{field}[{i}]", field == "videos"))]
            : throw new InvalidDataException($"{field}: expected a list of paths");
    }

    private static bool IsPath(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } path
            && !path.Contains('\0', StringComparison.Ordinal);

    private static RowPicture Picture(string path, string name, bool isVideo) =>
        File.Exists(path) ? new RowPicture(path, isVideo) : throw new InvalidDataException($"{name}: there is no file {path}");

    private static ChatMessage[] WithPictures(ChatMessage[] messages, IReadOnlyList<RowPicture> pictures)
    {
        if (pictures.Count == 0)
        {
            return messages;
        }

        var places =
            messages.Where(m => m.Role == "user").Sum(m => m.Parts.OfType<TextPart>().Sum(t => t.Text.Split(Placeholder).Length - 1));
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
        return [.. messages.Select(
            m => m.Role != "user" ? m : m with { Parts = [.. m.Parts.SelectMany(p => p is TextPart text ? Placed(text) : [p])] })];

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
