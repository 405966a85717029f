using System.Buffers.Binary;

namespace BestOfN.Fuzz.Mutation;

/// <summary>Spoils bytes without knowing what they mean.</summary>
internal static class ByteMutation
{
    private static readonly ulong[] s_numbers =
    [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 0x7000_0000, 0xFFFF_FFFE,
    ];

    public static byte[] Spoil(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        var bytes = new List<byte>(input);
        for (var rounds = 1 << random.Next(5); rounds > 0; rounds--)
        {
            Once(bytes, others, random);
        }

        return [.. bytes];
    }

    private static void Once(List<byte> bytes, IReadOnlyList<byte[]> others, Random random)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)random.Next(256));
            return;
        }

        // Beginnings, where headers are, are spoilt more often.
        var at = random.Next(random.Next(2) == 0 ? bytes.Count : Math.Min(bytes.Count, 128));
        var length = Math.Min(bytes.Count - at, 1 << random.Next(1 + (random.Next(4) == 0 ? 12 : 5)));
        switch (random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2 or 3:
                Number(bytes, at, random);
                break;
            case 4:
                bytes.RemoveRange(at, length);
                break;
            case 5:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 6:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 7:
                var other = others[random.Next(others.Count)];
                var from = random.Next(other.Length + 1);
                bytes.InsertRange(at, other.AsSpan(from, Math.Min(other.Length - from, length)));
                break;
            default:
                var filled = (byte)(random.Next(2) * 255);
                for (var i = at; i < at + length; i++)
                {
                    bytes[i] = filled;
                }

                break;
        }
    }

    private static void Number(List<byte> bytes, int at, Random random)
    {
        Span<byte> number = stackalloc byte[8];
        var value = s_numbers[random.Next(s_numbers.Length)] + (ulong)random.Next(-1, 2);
        var width = 1 << random.Next(4);
        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        number = number[..width];
        if (random.Next(2) == 0)
        {
            number.Reverse();
        }

        for (var i = 0; i < width && at + i < bytes.Count; i++)
        {
            bytes[at + i] = number[i];
        }
    }
}
