using System.Text.Json;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>Compares JSON with what a fixture expects: numbers within 1e-6, words such as <c>$int</c> for what may differ.</summary>
internal static class ExpectedJson
{
    /// <returns>The first difference, as a path and what is wrong; null where there is none.</returns>
    public static string? Difference(JsonElement expected, JsonElement? found, string path = "$")
    {
        if (expected.ValueKind is JsonValueKind.String && expected.GetString() is ['$', ..] word)
        {
            return IsAllowed(word, found) ? null : $"{path}: expected {word}, found {found}";
        }

        if (found is not { } value || value.ValueKind != expected.ValueKind)
        {
            return $"{path}: expected {expected}, found {found}";
        }

        return expected.ValueKind switch
        {
            JsonValueKind.Object => expected.EnumerateObject()
                .Select(field => Difference(field.Value, value.TryGetProperty(field.Name, out var inner) ? inner
                    : null, $"{path}.{field.Name}"))
                .FirstOrDefault(difference => difference is not null),
            JsonValueKind.Array => expected.GetArrayLength() != value.GetArrayLength()
                ? $"{path}: expected {expected.GetArrayLength()} elements, found {value}"
                : expected.EnumerateArray().Zip(value.EnumerateArray()).Index()
                    .Select(pair => Difference(pair.Item.First, pair.Item.Second, $"{path}[{pair.Index}]"))
                    .FirstOrDefault(difference => difference is not null),
            JsonValueKind.Number => Math.Abs(expected.GetDouble() - value.GetDouble()) <= 1e-6 * Math.Abs(expected.GetDouble())
                ? null : $"{path}: expected {expected}, found {value}",
            JsonValueKind.String => expected.GetString() == value.GetString() ? null : $"{path}: expected {expected}, found {value}",
            _ => null,
        };
    }

    public static bool IsAllowed(string word, JsonElement? found) => word switch
    {
        "$any" => true,
        "$absent" => found is null,
        "$string" => found is { ValueKind: JsonValueKind.String },
        "$bool" => found is { ValueKind: JsonValueKind.True or JsonValueKind.False },
        "$int" => found is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out _),
        "$digits" => found is { ValueKind: JsonValueKind.String } digits && digits.GetString()!.All(char.IsAsciiDigit)
            && digits.GetString()!.Length > 0,
        "$now" => found is { ValueKind: JsonValueKind.Number } time
            && Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - time.GetInt64()) <= 60,
        _ when word.StartsWith("$prefix:", StringComparison.Ordinal) =>
            found is { ValueKind: JsonValueKind.String } text
                && text.GetString()!.StartsWith(word["$prefix:".Length..], StringComparison.Ordinal),
        _ => throw new InvalidOperationException($"{word} is not known."),
    };
}
