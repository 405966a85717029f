using System.Text.Json.Nodes;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Samples;

/// <summary>Messages in the form of a chat request: text, or a list of parts with <c>data:</c> URIs.</summary>
public static class MessageJson
{
    /// <exception cref="IOException">A file of the message cannot be read.</exception>
    public static JsonNode Of(ChatMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var json = new JsonObject
        {
            ["role"] = message.Role,
            ["content"] = message.Parts is [TextPart only] ? only.Text : new JsonArray([.. message.Parts.Select(Part)]),
        };
        foreach (var (name, value) in message.Fields)
        {
            json[name] = JsonNode.Parse(value.GetRawText());
        }

        return json;
    }

    private static JsonObject Part(ContentPart part) => part switch
    {
        TextPart text => new() { ["type"] = "text", ["text"] = text.Text },
        ImagePart image => Url("image_url", $"data:{MediaType.OfImage(image.Content.Span)};base64,", image.Content),
        VideoPart video => Url("video_url", $"data:{MediaType.OfVideo(video.Content.Span)};base64,", video.Content),
        MediaFilePart file => Part(file.Read()),
        _ => throw new NotSupportedException($"A part of the kind {part.GetType().Name} cannot be written."),
    };

    private static JsonObject Url(string type, string begin, ReadOnlyMemory<byte> content) =>
        new() { ["type"] = type, [type] = new JsonObject { ["url"] = begin + Convert.ToBase64String(content.Span) } };
}
