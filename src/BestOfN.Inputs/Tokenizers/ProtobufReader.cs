using System.Buffers.Binary;
using System.Text;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>Walks the fields of one protobuf message. Every length is checked against what is there.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = message;

    public int Field { get; private set; }

    /// <summary>Value of a variable-length integer field.</summary>
    public ulong Number { get; private set; }

    /// <summary>Contents of a string, bytes or message field, or the 4 or 8 bytes of a fixed one.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public readonly bool Flag => Number != 0;

    public readonly string Text => s_strict.GetString(Bytes);

    public readonly float Single => Bytes.Length == 4 ? BinaryPrimitives.ReadSingleLittleEndian(Bytes) : throw Broken();

    public bool Read()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        var tag = ReadNumber();
        (Field, Number) = ((int)(tag >> 3), 0);
        Bytes = default;
        switch (tag & 7)
        {
            case 0: Number = ReadNumber(); break;
            case 1: Bytes = Take(8); break;
            case 2: Bytes = Take(ReadNumber()); break;
            case 5: Bytes = Take(4); break;
            default: throw Broken();
        }

        return true;
    }

    private ulong ReadNumber()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Broken();
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
        {
            throw Broken();
        }

        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private static InvalidDataException Broken() => new("not a SentencePiece model, or cut off");
}
