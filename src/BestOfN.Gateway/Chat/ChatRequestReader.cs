using System.Runtime.InteropServices;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection;
using BestOfN.Gateway.Selection.Attachments;
using BestOfN.Gateway.Selection.Demands;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Chat;

/// <summary>OpenAI's chat request, read field by field so that a mistake is answered with the field's name.</summary>
internal static class ChatRequestReader
{
    private static readonly string[] _roles = ["system", "developer", "user", "assistant", "tool", "function"];

    /// <exception cref="ApiException">It is not a chat request.</exception>
    public static ModelRequest Read(ReadOnlyMemory<byte> body) => RequestObject.Read(body, request =>
    {
        var sampling = SamplingFields.Read(request);
        var logprobs = request.Boolean("logprobs") ?? false;
        var topLogprobs = request.Integer("top_logprobs", 0, 20);
        if (topLogprobs > 0 && !logprobs)
        {
            throw ApiException.Invalid("'top_logprobs' is only allowed with 'logprobs': true.", "top_logprobs");
        }

        CheckTools(request);
        var model = request.RequiredText("model");
        string? unsupportedContent = null;
        return new ModelRequest
        {
            Model = model,
            Prompt = new Prompt(Messages(request, body, ref unsupportedContent)),
            Sampling = sampling with { Logprobs = logprobs, TopLogprobs = topLogprobs ?? 0 },
            Choices = request.Integer("n", 1, 128),
            Stream = StreamFields.Read(request),
            BestOfN = BestOfNFields.Read(request),
            Demands = AnswerDemands.Read(request),
            Body = body,
            UnsupportedContent = unsupportedContent,
            UnsupportedField = UnsupportedField(request),
        };
    });

    private static List<ChatMessage> Messages(RequestObject request, ReadOnlyMemory<byte> body, ref string? unsupportedContent)
    {
        if (!request.TryGet("messages", out var array))
        {
            throw ApiException.Invalid("'messages' is required.", "messages");
        }

        if (array.ValueKind is not JsonValueKind.Array)
        {
            throw RequestObject.WrongType("messages", "an array", array);
        }

        List<ChatMessage> messages = [];
        foreach (var element in array.EnumerateArray())
        {
            var path = $"messages[{messages.Count}]";
            messages.Add(element.ValueKind is JsonValueKind.Object
                ? Message(new RequestObject(element, path), body, ref unsupportedContent)
                : throw RequestObject.WrongType(path, "an object", element));
        }

        return messages.Count > 0 ? messages : throw ApiException.Invalid("'messages' must not be empty.", "messages");
    }

    private static ChatMessage Message(RequestObject message, ReadOnlyMemory<byte> body, ref string? unsupportedContent)
    {
        var role = message.RequiredText("role");
        if (!_roles.Contains(role))
        {
            throw ApiException.Invalid($"'{message.PathOf("role")}' must be one of {string.Join(", ", _roles)}, but is '{role}'.", message.PathOf("role"), "invalid_value");
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
            JsonValueKind.Array when role is "assistant" => AnsweredParts(content, message.PathOf("content"), body),
            JsonValueKind.Array => Parts(content, message.PathOf("content"), body, ref unsupportedContent),
            _ => throw RequestObject.WrongType(message.PathOf("content"), "a string or an array of parts", content),
        };
        if (calls.Length > 0)
        {
            parts.Add(new TextPart(parts.Count > 0 ? "\n" + calls : calls));
        }

        return new ChatMessage(role, parts);
    }

    private static List<ContentPart> Parts(JsonElement content, string path, ReadOnlyMemory<byte> body, ref string? unsupportedContent)
    {
        List<ContentPart> parts = [];
        var index = 0;
        foreach (var element in content.EnumerateArray())
        {
            var part = element.ValueKind is JsonValueKind.Object
                ? new RequestObject(element, $"{path}[{index}]")
                : throw RequestObject.WrongType($"{path}[{index}]", "an object", element);
            switch (part.RequiredText("type"))
            {
                case "text":
                    parts.Add(new TextPart(part.Text("text") ?? throw ApiException.Invalid($"'{part.PathOf("text")}' is required.", part.PathOf("text"))));
                    break;
                case "image_url":
                    parts.Add(Attached(part, "image_url", AttachmentKind.Picture, body));
                    break;
                case "video_url":
                    parts.Add(Attached(part, "video_url", AttachmentKind.Video, body));
                    break;
                default:
                    unsupportedContent ??= part.PathOf("type");
                    break;
            }

            index++;
        }

        return parts;
    }

    /// <summary>What an answer said and showed. Its other parts, such as reasoning, are skipped: a message that a client got here can always be sent back.</summary>
    private static List<ContentPart> AnsweredParts(JsonElement content, string path, ReadOnlyMemory<byte> body)
    {
        List<ContentPart> parts = [];
        foreach (var (index, element) in content.EnumerateArray().Index())
        {
            var part = new RequestObject(element, $"{path}[{index}]");
            if (MessageContent.TextOf(element) is { } text)
            {
                parts.Add(new TextPart(text));
            }
            else if (element.ValueKind is JsonValueKind.Object && part.TryGet("type", out var type) && type.ValueKind is JsonValueKind.String)
            {
                if (type.ValueEquals("image_url"u8))
                {
                    parts.Add(Attached(part, "image_url", AttachmentKind.Picture, body));
                }
                else if (type.ValueEquals("video_url"u8))
                {
                    parts.Add(Attached(part, "video_url", AttachmentKind.Video, body));
                }
            }
        }

        return parts;
    }

    private static AttachedPart Attached(RequestObject part, string name, AttachmentKind kind, ReadOnlyMemory<byte> body)
    {
        if (!part.TryGet(name, out var value))
        {
            throw ApiException.Invalid($"'{part.PathOf(name)}' is required.", part.PathOf(name));
        }

        // The parser works on the body itself, so that what it found lies in there and need not be copied.
        var json = JsonMarshal.GetRawUtf8Value(value);
        return new(kind, body.Span.Overlaps(json, out var start) ? body.Slice(start, json.Length) : json.ToArray()) { Source = part.PathOf(name) };
    }

    private static void CheckTools(RequestObject request)
    {
        var offered = 0;
        foreach (var name in (ReadOnlySpan<string>)["tools", "functions"])
        {
            if (!request.TryGet(name, out var tools))
            {
                continue;
            }

            if (tools.ValueKind is not JsonValueKind.Array)
            {
                throw RequestObject.WrongType(name, "an array of objects", tools);
            }

            foreach (var tool in tools.EnumerateArray())
            {
                if (tool.ValueKind is not JsonValueKind.Object)
                {
                    throw RequestObject.WrongItem(name, "an array of objects", tool);
                }
            }

            offered += tools.GetArrayLength();
        }

        foreach (var name in (ReadOnlySpan<string>)["tool_choice", "function_call"])
        {
            if (!request.TryGet(name, out var choice))
            {
                continue;
            }

            if (choice.ValueKind is not JsonValueKind.String and not JsonValueKind.Object)
            {
                throw RequestObject.WrongType(name, "a string or an object", choice);
            }

            var asksForCall = choice.ValueKind is JsonValueKind.Object || choice.ValueEquals("required"u8) || choice.ValueEquals("any"u8);
            if (asksForCall && offered == 0)
            {
                throw ApiException.Invalid($"'{name}' asks for a call, but the request offers no tools.", name, "invalid_value");
            }
        }
    }

    private static string? UnsupportedField(RequestObject request)
    {
        foreach (var name in (ReadOnlySpan<string>)["tools", "functions", "logit_bias", "audio", "prediction", "web_search_options"])
        {
            if (request.TryGet(name, out var value) && !IsEmpty(value))
            {
                return name;
            }
        }

        return request.Child("response_format") is { } format && format.Text("type") is not (null or "text") ? "response_format" : null;
    }

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        _ => false,
    };
}
