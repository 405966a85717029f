using System.Text.Json;
using BestOfN.Core.Prompts;

namespace BestOfN.Protocols.Rewards;

/// <summary>Writes messages as OpenAI's protocol has them, images and videos as <c>data:</c> URIs.</summary>
internal static class OpenAIMessages
{
    public static void Write(Utf8JsonWriter json, IEnumerable<ChatMessage> messages)
    {
        json.WriteStartArray();
        foreach (var message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, message.Role);
            json.WritePropertyName("content"u8);
            if (message.Parts.All(part => part is TextPart))
            {
                json.WriteStringValue(message.Text);
            }
            else
            {
                WriteParts(json, message.Parts);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteParts(Utf8JsonWriter json, IReadOnlyList<ContentPart> parts)
    {
        json.WriteStartArray();
        foreach (var part in parts)
        {
            json.WriteStartObject();
            switch (part)
            {
                case TextPart text:
                    json.WriteString("type"u8, "text");
                    json.WriteString("text"u8, text.Text);
                    break;
                case ImagePart image:
                    WriteFile(json, "image_url", image.Content.Span, MediaType.OfImage(image.Content.Span));
                    break;
                case VideoPart video:
                    WriteFile(json, "video_url", video.Content.Span, MediaType.OfVideo(video.Content.Span));
                    break;
                default:
                    throw new RewardShapeException($"a part of the kind {part.GetType().Name} cannot be sent");
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteFile(Utf8JsonWriter json, string kind, ReadOnlySpan<byte> content, string type)
    {
        json.WriteString("type"u8, kind);
        json.WriteStartObject(kind);
        json.WriteString("url"u8, $"data:{type};base64,{Convert.ToBase64String(content)}");
        json.WriteEndObject();
    }
}
