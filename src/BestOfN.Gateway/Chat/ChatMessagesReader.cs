using System.Runtime.InteropServices;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Attachments;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Chat;

/// <summary>Reads the messages of one request. Pictures and videos stay slices of its body.</summary>
/// <param name="body">The request, which the JSON handed to this reader was parsed from.</param>
internal sealed class ChatMessagesReader(ReadOnlyMemory<byte> body)
{
    private static readonly string[] _roles = ["system", "developer", "user", "assistant", "tool", "function"];

    /// <summary>The first content that is not text, image or video, as a path; null if there is none.</summary>
    public string? UnsupportedContent { get; private set; }

    /// <returns>At least one message.</returns>
    /// <exception cref="ApiException">There are none, or one is malformed; its field is named.</exception>
    public IReadOnlyList<ChatMessage> Read(RequestObject request)
    {
        if (!request.TryGet("messages", out var array))
        {
            throw ApiException.Invalid("'messages' is required.", "messages");
        }

        return Read(array, "messages");
    }

    /// <param name="array">The messages.</param>
    /// <param name="path">Where they stand in the request.</param>
    /// <returns>At least one message.</returns>
    /// <exception cref="ApiException">There are none, or one is malformed; its field is named.</exception>
    public IReadOnlyList<ChatMessage> Read(JsonElement array, string path)
    {
        if (array.ValueKind is not JsonValueKind.Array)
        {
            throw RequestObject.WrongType(path, "an array", array);
        }

        List<ChatMessage> messages = [];
        foreach (var element in array.EnumerateArray())
        {
            var at = $"{path}[{messages.Count}]";
            messages.Add(element.ValueKind is JsonValueKind.Object
                ? Message(new RequestObject(element, at))
                : throw RequestObject.WrongType(at, "an object", element));
        }

        return messages.Count > 0 ? messages : throw ApiException.Invalid($"'{path}' must not be empty.", path);
    }

    /// <summary>Reads what a message of the user says: text, or parts with pictures and videos.</summary>
    /// <exception cref="ApiException">It is something else.</exception>
    public IReadOnlyList<ContentPart> ReadContent(JsonElement content, string path) => content.ValueKind switch
    {
        JsonValueKind.String => [new TextPart(content.GetString()!)],
        JsonValueKind.Array => Parts(content, path),
        _ => throw RequestObject.WrongType(path, "a string or an array of parts", content),
    };

    private ChatMessage Message(RequestObject message)
    {
        var role = message.RequiredText("role");
        if (!_roles.Contains(role))
        {
            var field = message.PathOf("role");
            throw ApiException.Invalid($"'{field}' must be one of {string.Join(", ", _roles)}, but is '{role}'.", field, "invalid_value");
        }

        var calls = JudgedText.WithoutText(message.Element);
        if (!message.TryGet("content", out var content))
        {
            return role is "assistant"
                ? new ChatMessage(role, calls)
                : throw ApiException.Invalid($"'{message.PathOf("content")}' is required.", message.PathOf("content"));
        }

        List<ContentPart> parts = content.ValueKind switch
        {
            JsonValueKind.String => [new TextPart(content.GetString()!)],
            JsonValueKind.Array when role is "assistant" => AnsweredParts(content, message.PathOf("content")),
            JsonValueKind.Array => Parts(content, message.PathOf("content")),
            _ => throw RequestObject.WrongType(message.PathOf("content"), "a string or an array of parts", content),
        };
        if (calls.Length > 0)
        {
            parts.Add(new TextPart(parts.Count > 0 ? "\n" + calls : calls));
        }

        return new ChatMessage(role, parts);
    }

    private List<ContentPart> Parts(JsonElement content, string path)
    {
        List<ContentPart> parts = [];
        foreach (var (index, element) in content.EnumerateArray().Index())
        {
            var part = element.ValueKind is JsonValueKind.Object
                ? new RequestObject(element, $"{path}[{index}]")
                : throw RequestObject.WrongType($"{path}[{index}]", "an object", element);
            switch (part.RequiredText("type"))
            {
                case "text":
                    var text = part.Text("text")
                        ?? throw ApiException.Invalid($"'{part.PathOf("text")}' is required.", part.PathOf("text"));
                    parts.Add(new TextPart(text));
                    break;
                case "image_url":
                    parts.Add(Attached(part, "image_url", AttachmentKind.Picture));
                    break;
                case "video_url":
                    parts.Add(Attached(part, "video_url", AttachmentKind.Video));
                    break;
                default:
                    UnsupportedContent ??= part.PathOf("type");
                    break;
            }
        }

        return parts;
    }

    /// <summary>
    /// What an answer said and showed. Its other parts, such as reasoning, are skipped: a message that a client got here can always be sent
    /// back.
    /// </summary>
    private List<ContentPart> AnsweredParts(JsonElement content, string path)
    {
        List<ContentPart> parts = [];
        foreach (var (index, element) in content.EnumerateArray().Index())
        {
            var part = new RequestObject(element, $"{path}[{index}]");
            if (MessageContent.TextOf(element) is { } text)
            {
                parts.Add(new TextPart(text));
            }
            else if (element.ValueKind is JsonValueKind.Object && part.TryGet("type", out var type)
                && type.ValueKind is JsonValueKind.String)
            {
                if (type.ValueEquals("image_url"u8))
                {
                    parts.Add(Attached(part, "image_url", AttachmentKind.Picture));
                }
                else if (type.ValueEquals("video_url"u8))
                {
                    parts.Add(Attached(part, "video_url", AttachmentKind.Video));
                }
            }
        }

        return parts;
    }

    private AttachedPart Attached(RequestObject part, string name, AttachmentKind kind)
    {
        if (!part.TryGet(name, out var value))
        {
            throw ApiException.Invalid($"'{part.PathOf(name)}' is required.", part.PathOf(name));
        }

        // The parser works on the body itself, so that what it found lies in there and need not be copied.
        var json = JsonMarshal.GetRawUtf8Value(value);
        ReadOnlyMemory<byte> kept = body.Span.Overlaps(json, out var start) ? body.Slice(start, json.Length) : json.ToArray();
        return new(kind, kept) { Source = part.PathOf(name) };
    }
}
