using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace BestOfN.Protocols.OpenAI;

/// <summary>Strings of servers that cut text between the halves of a surrogate pair, which the JSON reader refuses.</summary>
internal static class JsonText
{
    /// <summary>The string that <paramref name="value"/> is; it may begin or end with half of a pair.</summary>
    public static string Read(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Unescape(Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(value)[1..^1]));
        }
    }

    /// <summary>A half that never met its other half becomes U+FFFD.</summary>
    public static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return text;
        }

        var chars = text.ToCharArray();
        var at = 0;
        var isChanged = false;
        while (at < chars.Length)
        {
            if (Rune.DecodeFromUtf16(chars.AsSpan(at), out _, out var consumed) is System.Buffers.OperationStatus.Done)
            {
                at += consumed;
                continue;
            }

            chars[at++] = '\uFFFD';
            isChanged = true;
        }

        return isChanged ? new string(chars) : text;
    }

    // The reader has checked the escapes' form before.
    private static string Unescape(string escaped)
    {
        var text = new StringBuilder(escaped.Length);
        for (var at = 0; at < escaped.Length; at++)
        {
            if (escaped[at] != '\\')
            {
                text.Append(escaped[at]);
                continue;
            }

            at++;
            if (escaped[at] == 'u')
            {
                text.Append((char)ushort.Parse(escaped.AsSpan(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                at += 4;
                continue;
            }

            text.Append(escaped[at] switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', var same => same });
        }

        return text.ToString();
    }
}
