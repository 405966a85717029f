using System.Buffers.Binary;
using System.Text;

namespace BestOfN.Fuzz.Mutation;

/// <summary>Spoils a file and mends what would otherwise keep a reader from looking further: lengths and checksums.</summary>
internal static class FormatMutation
{
    /// <summary>Spoils pictures; half of the PNGs get right checksums again.</summary>
    public static byte[] Picture(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        var spoilt = ByteMutation.Spoil(input, others, random);
        if (spoilt is [0x89, (byte)'P', ..] && random.Next(2) == 0)
        {
            MendChecksums(spoilt);
        }

        return spoilt;
    }

    /// <summary>Spoils the header of a safetensors file as JSON, mostly with a length that is right again.</summary>
    public static byte[] Safetensors(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        if (random.Next(4) == 0)
        {
            return ByteMutation.Spoil(input, others, random);
        }

        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(input);
        var header = JsonMutation.Spoil(input[8..(8 + length)], [input], random);
        var claimed = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(claimed, (ulong)header.Length);
        return [.. claimed, .. header, .. input[(8 + length)..]];
    }

    /// <summary>Puts pieces of templates together anew.</summary>
    public static byte[] Template(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        string[] words =
        [
            "{% for i in range(1000) %}", "{% endfor %}", "{% if x %}", "{% endif %}", "{{ ", " }}",
            " * 1000000", " ~ ", " | length", " | sort", " | unique", " | tojson", " | list",
            " | join", " | map('upper')", " | replace('a', 'aaaa')", " | indent", ".split('')",
            ".split(',')", ".rsplit('a', 1000)", ".strip('ab')", "[::-1]", "[0]", " in ", " == ",
            " is defined", "messages", "namespace(a=1)", "{% set ns.a = ns.a + [1] %}", "'a' * 100000",
            "9223372036854775807", "1e308", " // 0", " ** 1000", "loop.index", "(", ")", "[", "]",
            "{% macro m(a) %}", "{% endmacro %}", "{{ m(1) }}", "{%- ", " -%}", "{# ", " #}",
            "{% raw %}", "{% endraw %}", "\"", "'", "\\", "\ud83d\ude00", "raise_exception('x')",
        ];
        var text = new StringBuilder(Encoding.UTF8.GetString(input));
        for (var rounds = 1 << random.Next(4); rounds > 0; rounds--)
        {
            var at = random.Next(text.Length + 1);
            switch (random.Next(4))
            {
                case 0:
                    text.Remove(at, Math.Min(text.Length - at, random.Next(20)));
                    break;
                case 1:
                    var other = Encoding.UTF8.GetString(others[random.Next(others.Count)]);
                    var from = random.Next(other.Length + 1);
                    text.Insert(at, other.AsSpan(from, Math.Min(other.Length - from, random.Next(60))));
                    break;
                default:
                    text.Insert(at, words[random.Next(words.Length)]);
                    break;
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void MendChecksums(Span<byte> png)
    {
        for (var at = 8; at + 12 <= png.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            if (length > png.Length - at - 12)
            {
                return;
            }

            var body = png.Slice(at + 4, 4 + (int)length);
            BinaryPrimitives.WriteUInt32BigEndian(png[(at + 8 + (int)length)..], Checksum(body));
            at += 12 + (int)length;
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var checksum = uint.MaxValue;
        foreach (var b in bytes)
        {
            checksum ^= b;
            for (var i = 0; i < 8; i++)
            {
                checksum = (checksum >> 1) ^ ((checksum & 1) != 0 ? 0xEDB88320 : 0);
            }
        }

        return ~checksum;
    }
}
