using System.Text.Json;

namespace BestOfN.Protocols.Rewards;

/// <summary>Reads the parts of answers that hold rewards.</summary>
internal static class RewardJson
{
    private static readonly HashSet<string> s_noNumbers =
        new(["NaN", "Inf", "-Inf", "Infinity", "-Infinity"], StringComparer.OrdinalIgnoreCase);

    /// <summary>A field of an object.</summary>
    /// <exception cref="RewardShapeException">It is not there.</exception>
    public static JsonElement Field(JsonElement value, string name) =>
        value.ValueKind is JsonValueKind.Object && value.TryGetProperty(name, out var field) ? field
            : throw new RewardShapeException($"the field '{name}' is missing");

    /// <summary>The elements of a list.</summary>
    /// <exception cref="RewardShapeException">It is no list of this length.</exception>
    public static JsonElement[] List(JsonElement value, string name, int count) =>
        value.ValueKind is JsonValueKind.Array && value.GetArrayLength() == count ? [.. value.EnumerateArray()]
            : throw new RewardShapeException($"'{name}' is no list of {count}");

    /// <summary>The last element of a list, or of lists within it; a number is its own last. Not a number where null or <c>"NaN"</c>
    /// stands in its place: that is the fault of one answer.</summary>
    /// <exception cref="RewardShapeException">It is nothing of the kind.</exception>
    public static double LastNumber(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.Null => double.NaN,
        JsonValueKind.String when s_noNumbers.Contains(value.GetString()!) => double.NaN,
        JsonValueKind.Array when value.GetArrayLength() > 0 => LastNumber(value[value.GetArrayLength() - 1], name),
        _ => throw new RewardShapeException($"'{name}' holds no number"),
    };

    /// <summary>Numbers of elements that name their places, such as the results of a rerank.</summary>
    /// <exception cref="RewardShapeException">A place is missing, is named twice, or has no number.</exception>
    public static double[] Placed(JsonElement list, string name, string score, int count)
    {
        var numbers = new double?[count];
        foreach (var element in List(list, name, count))
        {
            var place = Field(element, "index");
            if (!(place.ValueKind is JsonValueKind.Number && place.TryGetInt32(out var index) && index >= 0 && index < count)
                || numbers[index] is not null)
            {
                throw new RewardShapeException($"'{name}' has a place that is wrong or there twice");
            }

            numbers[index] = LastNumber(Field(element, score), score);
        }

        return [.. numbers.Select(number => number!.Value)];
    }
}
