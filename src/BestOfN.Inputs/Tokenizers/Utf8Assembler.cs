using System.Buffers;
using System.Text;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>Turns bytes that arrive in pieces into text, holding back what may still become a scalar.</summary>
internal sealed class Utf8Assembler(bool replacesEveryInvalidByte)
{
    private readonly List<byte> _pending = [];

    public void Append(ReadOnlySpan<byte> bytes, StringBuilder text)
    {
        if (_pending.Count > 0)
        {
            _pending.AddRange(bytes);
            bytes = _pending.ToArray();
            _pending.Clear();
        }

        Span<char> units = stackalloc char[2];
        while (!bytes.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var consumed);
            if (status == OperationStatus.NeedMoreData)
            {
                _pending.AddRange(bytes);
                return;
            }

            if (status == OperationStatus.Done)
            {
                text.Append(units[..rune.EncodeToUtf16(units)]);
            }
            else
            {
                Replace(consumed, text);
            }

            bytes = bytes[consumed..];
        }
    }

    public void Flush(StringBuilder text)
    {
        if (_pending.Count > 0)
        {
            Replace(_pending.Count, text);
            _pending.Clear();
        }
    }

    private void Replace(int invalidBytes, StringBuilder text) => text.Append('\uFFFD', replacesEveryInvalidByte ? invalidBytes : 1);
}
