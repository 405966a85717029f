using System.Text.Json;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Data.Cleaning;

/// <summary>A record of any format, as the checks and the reward model see it.</summary>
/// <param name="Source">What it is compared with; null where the record names none.</param>
/// <param name="Turns">In order; of a pair those with the better answer.</param>
/// <param name="Images">In order.</param>
/// <param name="Placeholder">What stands for an image in a text; null where images are parts of a message.</param>
internal sealed record CorpusRecord(
    string? Source, IReadOnlyList<CorpusTurn> Turns, IReadOnlyList<CorpusImage> Images, string? Placeholder)
{
    private const string LlavaPlaceholder = "<image>";
    private const string IxcPlaceholder = InternLMMarkers.Image;
    private const string Assistant = "assistant";

    private static readonly JsonDocumentOptions s_json = new() { AllowDuplicateProperties = true };

    /// <summary>The worse answer of a pair, in place of the last of <see cref="Turns"/>; null: this is no pair.</summary>
    public string? Rejected { get; init; }

    /// <summary>Images have neither placeholders nor places: all stand before the first question.</summary>
    public bool AreImagesFirst { get; init; }

    /// <summary>All answers of the record, which the checks look at.</summary>
    public IEnumerable<string> Answers => Turns.Where(turn => turn.Role == Assistant).Select(turn => turn.Text)
        .Concat(Rejected is null ? [] : [Rejected]);

    /// <summary>Turns that have a score: every answer, or of a pair the better one.</summary>
    public IEnumerable<int> Judged => Rejected is null ? Enumerable.Range(0, Turns.Count).Where(i => Turns[i].Role == Assistant)
        : Turns is [.., { Role: Assistant }] ? [Turns.Count - 1] : [];

    /// <returns>Null where it cannot be read: no JSON, a wrong type, or no known field with a conversation.</returns>
    public static CorpusRecord? Read(CorpusPiece piece, CleaningOptions options) => Read(piece.Json.Span, options, piece.Images);

    /// <inheritdoc cref="Read(CorpusPiece, CleaningOptions)"/>
    /// <param name="json">The record.</param>
    /// <param name="options">Its format.</param>
    /// <param name="attached">Images that stand in the file itself; they count in place of those that the record names.</param>
    public static CorpusRecord? Read(ReadOnlySpan<byte> json, CleaningOptions options, IReadOnlyList<CorpusImage>? attached = null)
    {
        try
        {
            var record = JsonElement.Parse(json, s_json);
            var source = record.TryGetProperty(options.SourceField, out var named) && named.ValueKind == JsonValueKind.String
                ? named.GetString() : null;
            var read = options.Format == "openai" ? OfMessages(record, source)
                : OfConversations(record, source, options) ?? OfPair(record, source) ?? OfTexts(record, source)
                    ?? (options.Format == "auto" ? OfMessages(record, source) : null);
            return attached is { Count: > 0 } && read is not null ? read with { Images = attached } : read;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static CorpusRecord? OfConversations(JsonElement record, string? source, CleaningOptions options)
    {
        var isPair = record.TryGetProperty("conversations_a", out var turns);
        if (!isPair && !record.TryGetProperty("conversations", out turns) && !record.TryGetProperty("items", out turns))
        {
            return null;
        }

        var read = Said(turns);
        var isIxc = isPair || options.Format == "ixc" || (options.Format == "auto" && read.Any(turn => turn.From == "bot"));
        return new(
            source,
            [.. read.Select(turn => new CorpusTurn(Role(turn.From), turn.Value, []))],
            [.. Paths(record, "image"), .. Paths(record, "images"), .. Paths(record, "video")],
            isIxc ? IxcPlaceholder : LlavaPlaceholder)
        {
            Rejected = isPair ? Said(record.GetProperty("conversations_b"))[^1].Value : null,
        };
    }

    // {prompt, chosen, rejected}, each a text or messages; chosen and rejected may begin with the prompt.
    private static CorpusRecord? OfPair(JsonElement record, string? source)
    {
        if (!record.TryGetProperty("chosen", out var chosen) || !record.TryGetProperty("rejected", out var rejected))
        {
            return null;
        }

        CorpusImage[] images = [.. Paths(record, "images"), .. Paths(record, "image")];
        var better = Messages(chosen, Assistant);
        var asked = record.TryGetProperty("prompt", out var prompt) && better is not [{ Role: "user" or "system" }, ..]
            ? Messages(prompt, "user") : [];
        return new(source, [.. asked, .. better], images, LlavaPlaceholder) { Rejected = Messages(rejected, Assistant)[^1].Text };
    }

    // The Cauldron: {images, texts: [{user, assistant}]}, all images before the first question.
    private static CorpusRecord? OfTexts(JsonElement record, string? source)
    {
        if (!record.TryGetProperty("texts", out var texts) || texts.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        CorpusImage[] images = [.. Paths(record, "images"), .. Paths(record, "image")];
        CorpusTurn[] turns =
        [
            .. texts.EnumerateArray().SelectMany(
                turn => new[] { new CorpusTurn("user", Text(turn, "user"), []), new CorpusTurn(Assistant, Text(turn, Assistant), []) }),
        ];
        return new(source, turns, images, null) { AreImagesFirst = true };
    }

    private static CorpusRecord? OfMessages(JsonElement record, string? source)
    {
        if (!record.TryGetProperty("messages", out var messages))
        {
            return null;
        }

        var images = new List<CorpusImage>();
        CorpusTurn[] turns = [.. messages.EnumerateArray().Select(message => Message(message, images))];
        CorpusImage[] beside = [.. Paths(record, "images"), .. Paths(record, "videos")];
        return new(source, turns, [.. images, .. beside], beside.Length > 0 ? LlavaPlaceholder : null);
    }

    private static (string From, string Value)[] Said(JsonElement turns) =>
        [.. turns.EnumerateArray().Select(turn => (Text(turn, "from"), Text(turn, "value")))];

    private static CorpusTurn[] Messages(JsonElement value, string role) => value.ValueKind == JsonValueKind.String
        ? [new CorpusTurn(role, value.GetString()!, [])]
        : [.. value.EnumerateArray().Select(message => Message(message, []))];

    private static CorpusTurn Message(JsonElement message, List<CorpusImage> images)
    {
        var places = new List<int>();
        var text = message.TryGetProperty("content", out var content) ? Content(content, images, places) : "";
        text += message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array ? calls.GetRawText() : "";
        return new(Role(Text(message, "role")), text, places);
    }

    private static string Content(JsonElement content, List<CorpusImage> images, List<int> places)
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
                    images.Add(new(url.ValueKind == JsonValueKind.String ? url.GetString()! : Text(url, "url")));
                    break;
            }
        }

        return text;
    }

    private static IEnumerable<CorpusImage> Paths(JsonElement record, string name) =>
        !record.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? []
        : value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(path => new CorpusImage(path.GetString()!))
        : [new CorpusImage(value.GetString()!)];

    private static string Text(JsonElement value, string name) => value.GetProperty(name).GetString() ?? throw new KeyNotFoundException();

    private static string Role(string from) => from switch
    {
        "human" or "user" => "user",
        "gpt" or "bot" or "assistant" or "model" or "chatgpt" => Assistant,
        "observation" or "tool" or "function" => "tool",
        _ => from,
    };
}
