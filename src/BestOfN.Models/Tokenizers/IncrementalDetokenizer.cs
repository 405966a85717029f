using System.Text;

namespace BestOfN.Models.Tokenizers;

/// <summary>Turns tokens into text as they come, never splitting a Unicode scalar. One per sequence; not thread-safe.</summary>
public sealed class IncrementalDetokenizer(ITokenizer tokenizer)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>The text that has become complete with this token, possibly empty.</summary>
    public string Add(int id) => Convert(tokenizer.BytesOf(id), flush: false);

    /// <summary>What is left: U+FFFD where the last scalar never became complete, else nothing.</summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        var count = _decoder.GetCharCount(bytes, flush);
        if (count == 0 && !flush && bytes.Length == 0)
        {
            return "";
        }

        var chars = new char[count];
        var written = _decoder.GetChars(bytes, chars, flush);
        return new string(chars, 0, written);
    }
}
