using System.Buffers.Binary;

namespace BestOfN.Models.Tokenizers;

/// <summary>The fields of one protobuf message, one after the other.</summary>
/// <remarks>https://protobuf.dev/programming-guides/encoding. Damaged input throws <see cref="ArgumentException"/> or <see cref="IndexOutOfRangeException"/>.</remarks>
internal ref struct ProtobufFields(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;

    public Field Current { get; private set; }

    public readonly ProtobufFields GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_position >= _data.Length)
        {
            return false;
        }

        var tag = Varint();
        switch (tag & 7)
        {
            case 0:
                Current = new Field((int)(tag >> 3), Varint(), default);
                return true;
            case 1:
                Current = new Field((int)(tag >> 3), BinaryPrimitives.ReadUInt64LittleEndian(_data.Slice(_position, 8)), _data.Slice(_position, 8));
                _position += 8;
                return true;
            case 2:
                var length = checked((int)Varint());
                Current = new Field((int)(tag >> 3), 0, _data.Slice(_position, length));
                _position += length;
                return true;
            case 5:
                Current = new Field((int)(tag >> 3), BinaryPrimitives.ReadUInt32LittleEndian(_data.Slice(_position, 4)), _data.Slice(_position, 4));
                _position += 4;
                return true;
            default:
                throw new ArgumentException("unknown wire type");
        }
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var b = _data[_position++];
            value |= (ulong)(b & 127) << shift;
            if (b < 128)
            {
                return value;
            }
        }

        throw new ArgumentException("varint too long");
    }

    /// <summary>One field: its number, its value if it is a number, its bytes if it is not a varint.</summary>
    public readonly ref struct Field(int number, ulong value, ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public void Deconstruct(out int fieldNumber, out ulong fieldValue, out ReadOnlySpan<byte> fieldBytes)
        {
            fieldNumber = number;
            fieldValue = value;
            fieldBytes = _bytes;
        }
    }
}
