using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BestOfN.Protocols.OpenAI;

/// <summary>Strings of servers that cut text between the halves of a surrogate pair, which the JSON reader refuses.</summary>
internal static class JsonText
{
    /// <summary>The string <paramref name="reader"/> stands on; it may begin or end with half of a pair.</summary>
    public static string Read(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Unescape(Encoding.UTF8.GetString(reader.ValueSpan));
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
