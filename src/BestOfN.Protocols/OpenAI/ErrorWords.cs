using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BestOfN.Core.Json;

namespace BestOfN.Protocols.OpenAI;

/// <summary>What an upstream says of an error, in whichever shape it says it.</summary>
internal sealed partial record ErrorWords
{
    private const int MaxLength = 1000;
    private const int MaxDepth = 8;

    /// <summary>Cut to a length that is fit to be shown; empty if there are none.</summary>
    public string Message { get; private init; } = "";

    public string? Type { get; private init; }

    /// <summary>The field of the request that is to blame.</summary>
    public string? Param { get; private init; }

    /// <summary>A word or a number.</summary>
    public string? Code { get; private init; }

    private bool IsCodeNumber { get; init; }

    /// <summary>A status of HTTP that the error names; null if it names none.</summary>
    public int? Status { get; private init; }

    /// <summary>Whether it tells why the content was refused, as services of moderation do.</summary>
    public bool NamesReasons { get; private init; }

    /// <summary>The body as OpenAI's clients read it: as it came where it has that shape, else in that shape.</summary>
    public ReadOnlyMemory<byte> Envelope { get; private init; }

    public static ErrorWords Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return Read(json.RootElement, body);
        }
        catch (JsonException)
        {
            return new ErrorWords { Message = Cut(Plain(Encoding.UTF8.GetString(body.Span))) }.Enveloped();
        }
    }

    private static ErrorWords Read(JsonElement root, ReadOnlyMemory<byte> body)
    {
        if (root.ValueKind is JsonValueKind.Array && root.GetArrayLength() > 0 && root[0].ValueKind is JsonValueKind.Object)
        {
            return (Read(root[0], default) with { Message = Cut(MessageIn(root, 0) ?? "") }).Enveloped();
        }

        var isWrapped = root.ValueKind is JsonValueKind.Object && root.TryGetProperty("error"u8, out var inner)
            && inner.ValueKind is not (JsonValueKind.Null or JsonValueKind.False);
        var error = isWrapped ? root.GetProperty("error"u8) : root;
        var isObject = error.ValueKind is JsonValueKind.Object;
        var message = MessageIn(error, 0) is { Length: > 0 } found ? found : isWrapped ? MessageIn(root, 0) ?? "" : "";
        var words = new ErrorWords
        {
            Message = Cut(message),
            Type = isObject ? WordIn(error, "type") ?? WordIn(error, "status") : null,
            Param = isObject ? WordIn(error, "param") ?? Location(error, 0) : null,
            Code = isObject ? WordIn(error, "code") : null,
            IsCodeNumber = isObject && error.TryGetProperty("code"u8, out var code) && code.ValueKind is JsonValueKind.Number,
            NamesReasons = isObject && error.TryGetProperty("metadata"u8, out var metadata) && metadata.ValueKind is JsonValueKind.Object
                && (metadata.TryGetProperty("reasons"u8, out _) || metadata.TryGetProperty("flagged_input"u8, out _)),
        };
        words = words with
        {
            Status = StatusOf(words.Code)
                ?? (isObject ? StatusOf(WordIn(error, "status")) : null)
                ?? (isObject && isWrapped ? StatusOf(WordIn(root, "code") ?? WordIn(root, "status")) : null),
        };
        var isEnvelope = isWrapped && isObject && !body.IsEmpty && error.TryGetProperty("message"u8, out var text)
            && text.ValueKind is JsonValueKind.String && message.Length <= MaxLength;
        return isEnvelope ? words with { Envelope = body } : words.Enveloped();
    }

    private ErrorWords Enveloped()
    {
        if (Message.Length == 0)
        {
            return this;
        }

        var envelope = PlainJson.WriteObject(json =>
        {
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, Message);
            json.WriteString("type"u8, Type ?? "invalid_request_error");
            json.WriteString("param"u8, Param);
            if (IsCodeNumber)
            {
                json.WritePropertyName("code"u8);
                json.WriteRawValue(Code!);
            }
            else
            {
                json.WriteString("code"u8, Code);
            }

            json.WriteEndObject();
        });
        return this with { Envelope = envelope };
    }

    /// <summary>
    /// The words in an object, a list of them, or an object in an object; a place in the request goes before what is said of it.
    /// </summary>
    private static string? MessageIn(JsonElement element, int depth)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return JsonText.WellFormed(JsonText.Read(element)).Trim();
            case JsonValueKind.Array when depth < MaxDepth:
                var words = element.EnumerateArray().Take(8).Select(each => MessageIn(each, depth + 1));
                var all = string.Join("; ", words.Where(each => each is { Length: > 0 }));
                return all.Length == 0 ? null : all;
            case JsonValueKind.Object when depth < MaxDepth:
                foreach (var name in (ReadOnlySpan<string>)["message", "msg", "detail", "error", "errors", "details", "error_message",
                    "error_description", "description", "title", "reason"])
                {
                    if (element.TryGetProperty(name, out var inner) && MessageIn(inner, depth + 1) is { Length: > 0 } text)
                    {
                        return name is "msg" && Location(element, 0) is { Length: > 0 } place ? $"{place}: {text}" : text;
                    }
                }

                return null;
            default:
                return null;
        }
    }

    /// <summary>Where FastAPI says the mistake is, such as <c>stream_options.include_usage</c>.</summary>
    private static string? Location(JsonElement element, int depth)
    {
        if (element.ValueKind is JsonValueKind.Array && element.GetArrayLength() > 0)
        {
            return Location(element[0], depth + 1);
        }

        if (element.ValueKind is not JsonValueKind.Object || depth > MaxDepth)
        {
            return null;
        }

        if (element.TryGetProperty("loc"u8, out var place) && place.ValueKind is JsonValueKind.Array)
        {
            return string.Join('.', place.EnumerateArray().Select(step => step.ToString()).SkipWhile(step => step is "body"));
        }

        foreach (var name in (ReadOnlySpan<string>)["detail", "message", "errors", "details"])
        {
            if (element.TryGetProperty(name, out var inner) && Location(inner, depth + 1) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static string? WordIn(JsonElement element, string name) =>
        !element.TryGetProperty(name, out var value) ? null
        : value.ValueKind is JsonValueKind.String ? JsonText.WellFormed(JsonText.Read(value))
        : value.ValueKind is JsonValueKind.Number ? value.GetRawText()
        : null;

    private static int? StatusOf(string? word) => int.TryParse(word, out var status) && status is >= 400 and <= 599 ? status : null;

    private static string Cut(string text) =>
        text.Length <= MaxLength ? text : text[..(char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength)];

    /// <summary>A page without its marks.</summary>
    private static string Plain(string text) =>
        text.AsSpan().TrimStart().StartsWith('<') ? Spaces().Replace(Marks().Replace(text, " "), " ").Trim() : text.Trim();

    [GeneratedRegex("<(script|style)[^>]*>[^<]*</|<[^>]*>", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Marks();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Spaces();
}
