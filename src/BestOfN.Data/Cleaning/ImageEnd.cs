using System.Buffers.Binary;

namespace BestOfN.Data.Cleaning;

/// <summary>Whether an image's file is there to its end. A decoder may be content once it has the last pixel.</summary>
internal static class ImageEnd
{
    private const int PngHeader = 8, ChunkOverhead = 12;
    private const int RiffHeader = 8;

    /// <param name="content">A file that decodes.</param>
    /// <returns>True, too, for formats that do not say where they end.</returns>
    public static bool IsThere(ReadOnlySpan<byte> content) =>
        content.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']) ? IsPngWhole(content)
        : content.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8])
            ? content.LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xD9]) > content.LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA])
        : !content.StartsWith("RIFF"u8) || content.Length >= RiffHeader + BinaryPrimitives.ReadUInt32LittleEndian(content[4..]);

    private static bool IsPngWhole(ReadOnlySpan<byte> content)
    {
        var rest = content[PngHeader..];
        while (rest.Length >= ChunkOverhead)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest) + (long)ChunkOverhead;
            if (rest.Length < length)
            {
                return false;
            }

            if (rest[4..].StartsWith("IEND"u8))
            {
                return true;
            }

            rest = rest[(int)length..];
        }

        return false;
    }
}
