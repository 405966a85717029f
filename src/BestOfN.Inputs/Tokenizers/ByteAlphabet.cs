namespace BestOfN.Inputs.Tokenizers;

/// <summary>
/// GPT-2's visible stand-ins for bytes, in which byte-level vocabularies are spelled: printable Latin-1 stands for itself, the other
/// 68 bytes for U+0100 onwards.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] s_letters = new char[256];
    private static readonly short[] s_bytes = new short[256 + 68];

    static ByteAlphabet()
    {
        Array.Fill(s_bytes, (short)-1);
        var next = (char)256;
        for (var b = 0; b < 256; b++)
        {
            var c = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)b : next++;
            s_letters[b] = c;
            s_bytes[c] = (short)b;
        }
    }

    public static char LetterOf(byte value) => s_letters[value];

    /// <summary>The bytes of a spelled token, or null if it is not spelled in this alphabet.</summary>
    public static byte[]? BytesOf(string token) => token.All(c => c < s_bytes.Length && s_bytes[c] >= 0)
        ? [.. token.Select(c => (byte)s_bytes[c])]
        : null;
}
