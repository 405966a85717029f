using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BestOfN.Core.Selection;

/// <summary>One spelling for each JSON value: without white space, members in ordinal order, numbers and strings in one form.</summary>
public static class CanonicalJson
{
    /// <summary>Deeper values are compared as text.</summary>
    public const int MaxDepth = 256;

    private const int LongestExponent = 15;

    /// <returns>Null where <paramref name="text"/> is not JSON.</returns>
    public static string? TryWrite(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
            var canonical = new StringBuilder(text.Length);
            Write(json.RootElement, canonical);
            return canonical.ToString();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            return null; // or it holds an escape that is no Unicode
        }
    }

    private static void Write(JsonElement value, StringBuilder canonical)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                // Where members have the same name the last one counts, as for most readers.
                var members = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
                foreach (var member in value.EnumerateObject())
                {
                    members[member.Name] = member.Value;
                }

                canonical.Append('{');
                foreach (var (name, member) in members)
                {
                    canonical.Append(JsonSerializer.Serialize(name)).Append(':');
                    Write(member, canonical);
                    canonical.Append(',');
                }

                canonical.Append('}');
                break;
            case JsonValueKind.Array:
                canonical.Append('[');
                foreach (var item in value.EnumerateArray())
                {
                    Write(item, canonical);
                    canonical.Append(',');
                }

                canonical.Append(']');
                break;
            case JsonValueKind.String:
                canonical.Append(JsonSerializer.Serialize(value.GetString()));
                break;
            case JsonValueKind.Number:
                WriteNumber(value.GetRawText(), canonical);
                break;
            default:
                canonical.Append(value.GetRawText());
                break;
        }
    }

    /// <summary>Exact for any number of digits: <c>1</c>, <c>1.0</c>, <c>10e-1</c> are all <c>1e0</c>.</summary>
    private static void WriteNumber(string number, StringBuilder canonical)
    {
        var exponentAt = number.AsSpan().IndexOfAny('e', 'E');
        var mantissa = number.AsSpan(0, exponentAt < 0 ? number.Length : exponentAt);
        var written = exponentAt < 0 ? "0" : number.AsSpan(exponentAt + 1);
        if (written.Length > LongestExponent)
        {
            canonical.Append(number);
            return;
        }

        var isNegative = mantissa[0] == '-';
        var point = mantissa.IndexOf('.');
        var fraction = point < 0 ? 0 : mantissa.Length - point - 1;
        var digits = mantissa.ToString()
            .Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal).TrimStart('0');
        var significant = digits.TrimEnd('0');
        if (significant.Length == 0)
        {
            canonical.Append('0');
            return;
        }

        var exponent = long.Parse(written, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) - fraction
            + (digits.Length - significant.Length);
        canonical.Append(isNegative ? "-" : "").Append(significant).Append('e').Append(exponent.ToString(CultureInfo.InvariantCulture));
    }
}
