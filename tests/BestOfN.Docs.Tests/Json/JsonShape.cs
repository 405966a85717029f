using System.Text.Json;

namespace BestOfN.Docs.Tests.Json;

/// <summary>Compares an answer with what a document shows of it.</summary>
internal static class JsonShape
{
    /// <summary>Scores are repeatable within this on every machine (bfloat16 or float32).</summary>
    private const double Tolerance = 0.1;

    public static JsonDocumentOptions Comments { get; } = new() { CommentHandling = JsonCommentHandling.Skip };

    /// <returns>Every shown value that the answer does not have.</returns>
    public static IEnumerable<string> Differences(JsonElement shown, JsonElement answer, string path = "$") => shown.ValueKind switch
    {
        _ when shown.ValueKind != answer.ValueKind => [$"{path} is {answer}, not {shown}"],
        JsonValueKind.Object => shown.EnumerateObject().SelectMany(field => answer.TryGetProperty(field.Name, out var found)
            ? Differences(field.Value, found, $"{path}.{field.Name}") : [$"{path}.{field.Name} is missing"]),

        // The shown items are the first ones.
        JsonValueKind.Array => shown.EnumerateArray().SelectMany((item, index) => index < answer.GetArrayLength()
            ? Differences(item, answer[index], $"{path}[{index}]") : [$"{path}[{index}] is missing"]),
        JsonValueKind.Number when Math.Abs(shown.GetDouble() - answer.GetDouble()) <= (shown.TryGetInt64(out _) ? 0 : Tolerance) => [],
        _ => shown.ToString() == answer.ToString() ? [] : [$"{path} is '{answer}', not '{shown}'"],
    };
}
