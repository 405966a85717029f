using System.Text.Json;
using System.Text.RegularExpressions;

namespace BestOfN.Inputs.Records;

/// <summary>Errors of JSON, in words that name the place within the value.</summary>
public static partial class JsonText
{
    /// <summary>Checks that every string and name is text: JSON can contain one half of a surrogate pair, which is not text.</summary>
    /// <param name="value">Any value.</param>
    /// <param name="path">Path of the value; empty for the outermost one.</param>
    /// <exception cref="InvalidDataException">A string is not text; the message names its field.</exception>
    public static void CheckWhole(JsonElement value, string path = "")
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                var place = path.Length > 0 ? path + ": " : "";
                if (!IsWhole(value.GetRawText))
                {
                    throw new InvalidDataException($"{place}not valid UTF-8");
                }

                if (value.GetRawText() is var raw && raw.Contains("\\u", StringComparison.Ordinal) && !IsWhole(value.GetString))
                {
                    throw new InvalidDataException(
                        $"{place}holds one half of a surrogate pair, {Surrogate().Match(raw).Value}, as in an emoji that was cut");
                }

                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    CheckWhole(item, $"{path}[{index++}]");
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    if (!IsWhole(() => member.Name))
                    {
                        throw new InvalidDataException(
                            $"{(path.Length > 0 ? path + ": " : "")}the name of a field is not text: "
                                + "it is not valid UTF-8, or holds one half of a surrogate pair");
                    }

                    CheckWhole(member.Value, path.Length > 0 ? $"{path}.{member.Name}" : member.Name);
                }

                break;
        }
    }

    /// <summary>The reader's message, with the place in the line counted from 1.</summary>
    public static string Describe(JsonException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        var message = Place().Replace(exception.Message, "").TrimEnd('.', ' ');
        return $"not valid JSON{(exception.BytePositionInLine is { } position ? $" at byte {position + 1}" : "")}: {message}";
    }

    private static bool IsWhole(Func<string?> read)
    {
        try
        {
            read();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\s*(Path: [^|]*\| )?LineNumber: \d+ \| BytePositionInLine: \d+\.?")]
    private static partial Regex Place();

    // The first half without its second, or a second without its first.
    [GeneratedRegex(@"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}")]
    private static partial Regex Surrogate();
}
