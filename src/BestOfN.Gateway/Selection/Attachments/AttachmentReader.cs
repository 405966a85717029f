using System.Runtime.InteropServices;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Selection.Attachments;

/// <summary>
/// Reads the pictures and videos of a prompt out of their <c>data:</c> URIs, within the operator's limits. Nothing is ever fetched.
/// </summary>
internal sealed class AttachmentReader(IOptions<BestOfNOptions> options)
{
    private static readonly string[] _details = ["auto", "low", "high"];
    private static readonly string[] _pictures =
        ["image/png", "image/jpeg", "image/jpg", "image/webp", "image/gif", "image/bmp", "image/x-ms-bmp"];
    private static readonly string[] _videos = ["video/mp4", "video/webm", "video/quicktime", "video/x-matroska", "image/gif"];

    /// <summary>The first picture or video that a prompt brings; null if there is none.</summary>
    public static AttachedPart? First(Prompt prompt) =>
        prompt.Messages.SelectMany(message => message.Parts).OfType<AttachedPart>().FirstOrDefault();

    /// <returns>The prompt with all its pictures and videos in bytes, each with its field of the request as its source.</returns>
    /// <exception cref="ApiException">One cannot be read, or is too large, or there are too many; it is named.</exception>
    public Prompt Read(Prompt prompt)
    {
        var count = 0;
        ChatMessage ReadParts(ChatMessage message) =>
            message with { Parts = [.. message.Parts.Select(part => part is AttachedPart attached ? Read(attached, ++count) : part)] };
        return new Prompt([.. prompt.Messages.Select(ReadParts)]);
    }

    private ContentPart Read(AttachedPart attached, int number)
    {
        var limits = options.Value;
        if (number > limits.MaxAttachments)
        {
            throw ApiException.Invalid(
                $"At most {limits.MaxAttachments} pictures and videos are allowed in one request.", attached.Source,
                "too_many_attachments");
        }

        // As deep as the whole request may be.
        using var json = JsonDocument.Parse(attached.Json, new JsonDocumentOptions { MaxDepth = RequestObject.MaxDepth });
        try
        {
            return Read(attached, json, limits);
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid($"'{attached.Source}' contains text that is not valid Unicode.", attached.Source, "invalid_value");
        }
    }

    private static ContentPart Read(AttachedPart attached, JsonDocument json, BestOfNOptions limits)
    {
        if (json.RootElement.ValueKind is not JsonValueKind.Object)
        {
            throw RequestObject.WrongType(attached.Source!, "an object", json.RootElement);
        }

        var fields = new RequestObject(json.RootElement, attached.Source!);
        if (fields.Text("detail") is { } detail && !_details.Contains(detail))
        {
            throw ApiException.Invalid(
                $"'{fields.PathOf("detail")}' must be one of {string.Join(", ", _details)}.", fields.PathOf("detail"), "invalid_value");
        }

        var source = fields.PathOf("url");
        if (!fields.TryGet("url", out var url))
        {
            throw ApiException.Invalid($"'{source}' is required.", source);
        }

        if (url.ValueKind is not JsonValueKind.String)
        {
            throw RequestObject.WrongType(source, "a string", url);
        }

        return attached.Kind is AttachmentKind.Picture
            ? new ImagePart(DataUrl.Read(Utf8Of(url, source), source, _pictures, limits.MaxPictureBytes)) { Source = source }
            : new VideoPart(DataUrl.Read(Utf8Of(url, source), source, _videos, limits.MaxVideoBytes)) { Source = source };
    }

    /// <summary>A string's bytes, without turning megabytes of base64 into characters first.</summary>
    private static ReadOnlySpan<byte> Utf8Of(JsonElement text, string source)
    {
        var raw = JsonMarshal.GetRawUtf8Value(text);
        if (!raw.Contains((byte)'\\'))
        {
            return raw[1..^1];
        }

        // Some clients write \/ for every slash.
        var reader = new Utf8JsonReader(raw);
        reader.Read();
        var plain = new byte[raw.Length];
        try
        {
            return plain.AsSpan(0, reader.CopyString(plain));
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid($"'{source}' contains text that is not valid Unicode.", source, "invalid_data_url");
        }
    }
}
