using System.Text;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>Text of a token stream as it grows: emits whole scalars only. Not thread-safe; one per stream.</summary>
/// <remarks>
/// All pieces and the final <see cref="Flush"/> together equal <see cref="ITokenizer.Decode"/> of the ids without the special
/// ones, which are skipped here: same U+FFFD for broken bytes, and the same dropped space where the tokenizer puts a dummy
/// prefix before a text and the stream begins with it. A stream that continues a text, as an answer does,
/// says so by <c>opensText: false</c> and keeps its leading space.
/// </remarks>
public sealed class IncrementalDetokenizer(ITokenizer tokenizer, bool opensText = true)
{
    private readonly Utf8Assembler _assembler = new(tokenizer.ReplacesEveryInvalidByte);
    private readonly StringBuilder _text = new();
    private bool _underWay;

    /// <returns>The text that this token completes; empty while a scalar is unfinished.</returns>
    public string Push(int id)
    {
        var bytes = tokenizer.BytesOf(id);
        if (bytes.IsEmpty)
        {
            return "";
        }

        if (opensText && !_underWay && tokenizer.DropsLeadingSpace(id))
        {
            bytes = bytes[1..];
        }

        _underWay = true;
        _assembler.Append(bytes, _text);
        return Take();
    }

    /// <returns>U+FFFD for an unfinished scalar at the end, or nothing. The next push starts a new text.</returns>
    public string Flush()
    {
        _assembler.Flush(_text);
        _underWay = false;
        return Take();
    }

    private string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        return text;
    }
}
