using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Sglang;

/// <summary>The field <c>input</c> of an embeddings request: texts, token ids, or objects with <c>text</c> and <c>image</c>.</summary>
internal static class EmbeddedInputs
{
    /// <exception cref="ApiException">It is something else, or empty.</exception>
    public static IReadOnlyList<UnreadInput> Read(RequestObject request, ReadOnlyMemory<byte> body)
    {
        if (!request.TryGet("input", out var input) || input.ValueKind is not JsonValueKind.Array || input.GetArrayLength() == 0
            || input[0].ValueKind is not JsonValueKind.Object)
        {
            return InputFields.Read(request, "input", addsSpecialTokens: true, "images").Inputs;
        }

        return [.. input.EnumerateArray().Select((item, i) => Item(item, $"input[{i}]"))];
    }

    private static WrittenInput Item(JsonElement item, string path)
    {
        if (item.ValueKind is not JsonValueKind.Object)
        {
            throw RequestObject.WrongType(path, "an object as the others", item);
        }

        var fields = new RequestObject(item, path);
        IReadOnlyList<ContentPart>? images = fields.Text("image") is { } image ? [InputFields.Image(image, fields.PathOf("image"))]
            : null;
        return new WrittenInput(fields.RequiredText("text"), fields.PathOf("text")) { Images = images };
    }
}
