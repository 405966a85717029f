using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Attachments;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards;

/// <summary>Fields that several dialects share: texts, token ids and the images that belong to them.</summary>
internal static class InputFields
{
    /// <summary>One input or several, as text or as token ids; a flat list of ids is one input.</summary>
    /// <param name="request">The request.</param>
    /// <param name="name">The field.</param>
    /// <param name="addsSpecialTokens">What the request says about text that is scored as it stands.</param>
    /// <param name="images">The field with images, one entry for each input.</param>
    /// <returns>The inputs, at least one, and whether there is one that is not in a list.</returns>
    /// <exception cref="ApiException">The field is missing, empty or something else.</exception>
    public static (IReadOnlyList<UnreadInput> Inputs, bool IsSingle) Read(
        RequestObject request, string name, bool addsSpecialTokens, string images)
    {
        if (!request.TryGet(name, out var value))
        {
            throw ApiException.Invalid($"'{request.PathOf(name)}' is required.", request.PathOf(name));
        }

        var isSingle = value.ValueKind switch
        {
            JsonValueKind.Array when value.GetArrayLength() == 0 => throw Empty(request.PathOf(name)),
            JsonValueKind.Array => value[0].ValueKind is JsonValueKind.Number,
            JsonValueKind.String => true,
            _ => throw RequestObject.WrongType(request.PathOf(name), "a string, a list of strings or lists of token ids", value),
        };
        JsonElement[] items = isSingle ? [value] : [.. value.EnumerateArray()];
        var shown = Images(request, images, items.Length, isSingle);
        return ([.. items.Select((item, i) =>
            Input(item, isSingle ? request.PathOf(name) : $"{request.PathOf(name)}[{i}]", addsSpecialTokens, shown?[i]))], isSingle);
    }

    /// <summary>The images of each input; null where the request has no such field.</summary>
    /// <param name="request">The request.</param>
    /// <param name="name">The field.</param>
    /// <param name="count">Inputs.</param>
    /// <param name="isSingle">Whether the field is the entry of the only input.</param>
    public static IReadOnlyList<IReadOnlyList<ContentPart>>? Images(RequestObject request, string name, int count, bool isSingle = false)
    {
        if (!request.TryGet(name, out var value))
        {
            return null;
        }

        if (isSingle && !(value.ValueKind is JsonValueKind.Array && value.GetArrayLength() == 1
            && value[0].ValueKind is JsonValueKind.Array))
        {
            return [Images(value, request.PathOf(name))];
        }

        return value.ValueKind is not JsonValueKind.Array ? throw RequestObject.WrongType(request.PathOf(name), "a list", value)
            : value.GetArrayLength() != count
                ? throw ApiException.Invalid($"'{request.PathOf(name)}' has {value.GetArrayLength()} entries for {count} inputs.",
                    request.PathOf(name), "invalid_value")
            : [.. value.EnumerateArray().Select((entry, i) => Images(entry, $"{request.PathOf(name)}[{i}]"))];
    }

    public static ApiException Empty(string param) => ApiException.Invalid($"'{param}' must not be empty.", param, "empty");

    private static UnreadInput Input(JsonElement item, string path, bool addsSpecialTokens, IReadOnlyList<ContentPart>? images) =>
        item.ValueKind switch
    {
        JsonValueKind.String => item.GetString() is { Length: > 0 } text
            ? new WrittenInput(text, path) { AddsSpecialTokens = addsSpecialTokens, Images = images }
            : throw Empty(path),
        JsonValueKind.Array when images is { Count: > 0 } =>
            throw ApiException.Invalid($"'{path}' is a list of token ids, in which images have no place.", path, "invalid_value"),
        JsonValueKind.Array when item.GetArrayLength() > 0 =>
            new SentTokens([.. item.EnumerateArray().Select(id => RequestObject.Integer(id, path, 0, int.MaxValue))], path),
        JsonValueKind.Array => throw Empty(path),
        _ => throw RequestObject.WrongType(path, "a string or a list of token ids", item),
    };

    /// <summary>One image or a list of them, each a <c>data:</c> URI or an object with <c>url</c>.</summary>
    private static IReadOnlyList<ContentPart> Images(JsonElement entry, string path) => entry.ValueKind switch
    {
        JsonValueKind.Null => [],
        JsonValueKind.Array => [.. entry.EnumerateArray().Select((image, i) => Image(image, $"{path}[{i}]"))],
        JsonValueKind.String when entry.ValueEquals(""u8) => [],
        _ => [Image(entry, path)],
    };

    private static AttachedPart Image(JsonElement image, string path)
    {
        var raw = JsonMarshal.GetRawUtf8Value(image);
        return image.ValueKind switch
        {
            JsonValueKind.Object => new(AttachmentKind.Picture, raw.ToArray()) { Source = path },
            JsonValueKind.String => new(AttachmentKind.Picture, (byte[])[.. "{\"url\":"u8, .. raw, (byte)'}']) { Source = path },
            _ => throw RequestObject.WrongType(path, "a data: URI or an object with 'url'", image),
        };
    }

    /// <summary>An image that came as the text of a <c>data:</c> URI.</summary>
    public static AttachedPart Image(string url, string path) =>
        new(AttachmentKind.Picture, Encoding.UTF8.GetBytes($"{{\"url\":{JsonSerializer.Serialize(url)}}}")) { Source = path };
}
