using System.Text;

namespace BestOfN.Models.Tokenizers;

/// <summary>GPT-2's printable letter for every byte, in which byte-level vocabularies are written.</summary>
internal static class ByteLevelAlphabet
{
    private static readonly char[] s_letters = Letters();
    private static readonly Dictionary<char, byte> s_bytes = Enumerable.Range(0, 256).ToDictionary(b => s_letters[b], b => (byte)b);

    public static string FromBytes(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (var b in bytes)
        {
            text.Append(s_letters[b]);
        }

        return text.ToString();
    }

    public static byte[] ToBytes(string text) => text.All(s_bytes.ContainsKey) ? [.. text.Select(c => s_bytes[c])] : Encoding.UTF8.GetBytes(text);

    private static char[] Letters()
    {
        var letters = new char[256];
        var spare = 256;
        for (var b = 0; b < 256; b++)
        {
            letters[b] = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)b : (char)spare++;
        }

        return letters;
    }
}
