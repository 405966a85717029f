using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Tei;

/// <summary>The field <c>inputs</c>: one text, a pair, or a batch of both.</summary>
/// <param name="Inputs">The inputs.</param>
/// <param name="IsSingle">Whether it is no batch.</param>
/// <param name="Characters">Unicode characters of all texts.</param>
internal sealed record PredictedInputs(IReadOnlyList<UnreadInput> Inputs, bool IsSingle, int Characters)
{
    /// <exception cref="ApiException">It is something else, or empty.</exception>
    public static PredictedInputs Read(RequestObject request)
    {
        if (!request.TryGet("inputs", out var inputs))
        {
            throw ApiException.Invalid("'inputs' is required.", "inputs");
        }

        var isBatch = inputs.ValueKind is JsonValueKind.Array && inputs.GetArrayLength() > 0 && inputs[0].ValueKind is JsonValueKind.Array;
        if (inputs.ValueKind is JsonValueKind.Array && inputs.GetArrayLength() == 0)
        {
            throw InputFields.Empty("inputs");
        }

        string[][] texts = isBatch
            ? [.. inputs.EnumerateArray().Select((item, i) => Texts(item, $"inputs[{i}]"))]
            : [Texts(inputs, "inputs")];
        var images = InputFields.Images(request, "images", texts.Length, isSingle: !isBatch);
        return new PredictedInputs(
            [.. texts.Select((input, i) => Input(input, isBatch ? $"inputs[{i}]" : "inputs", images?[i]))],
            !isBatch,
            texts.Sum(input => input.Sum(TeiRewards.CharactersOf)));
    }

    private static string[] Texts(JsonElement item, string path)
    {
        string[] texts = item.ValueKind switch
        {
            JsonValueKind.String => [item.GetString()!],
            JsonValueKind.Array when item.EnumerateArray().All(each => each.ValueKind is JsonValueKind.String) =>
                [.. item.EnumerateArray().Select(each => each.GetString()!)],
            _ => throw RequestObject.WrongType(path, "a text or a pair of texts", item),
        };
        return texts.Length is 1 or 2
            ? texts.Any(text => text.Length == 0) ? throw InputFields.Empty(path) : texts
            : throw ApiException.Invalid($"'{path}' must be one text or a pair, but holds {texts.Length}.", path, "invalid_value");
    }

    private static UnreadInput Input(string[] texts, string path, IReadOnlyList<ContentPart>? images) =>
        texts is [var question, var answer]
        ? MessageFields.Pair(MessageFields.Question([.. images ?? [], new TextPart(question)]), [new TextPart(answer)], path)
        : new WrittenInput(texts[0], path) { Images = images };
}
