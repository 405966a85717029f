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
        foreach (var picture in Prompt.SelectMany(m => m.Parts).OfType<MediaFilePart>())
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
    private static byte[] ContentOf(MediaFilePart picture)
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

        var messages = ConversationRow.Read(root, folder);
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
