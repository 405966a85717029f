using System.Buffers.Binary;
using SkiaSharp;

namespace BestOfN.Inputs.Images;

/// <summary>How the EXIF data of a PNG say that it is to be turned; the decoder reads them of JPEG and WebP only.</summary>
/// <remarks>Chunk eXIf: https://www.w3.org/TR/png-3/#eXIf. Tag 0x0112 of the first directory: CIPA DC-008, 4.6.4.</remarks>
internal static class PngExif
{
    private const int SignatureLength = 8;
    private const int OrientationTag = 0x0112;
    private const int Short = 3;

    /// <summary>TopLeft where nothing is said, or nothing that makes sense.</summary>
    public static SKEncodedOrigin Origin(ReadOnlySpan<byte> file)
    {
        for (var rest = file[SignatureLength..]; rest.Length >= 12;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 12)
            {
                break;
            }

            if (rest[4..8].SequenceEqual("eXIf"u8))
            {
                return Orientation(rest.Slice(8, (int)length)) is >= 1 and <= 8 and var orientation ? (SKEncodedOrigin)orientation
                    : SKEncodedOrigin.TopLeft;
            }

            rest = rest[(12 + (int)length)..];
        }

        return SKEncodedOrigin.TopLeft;
    }

    private static int? Orientation(ReadOnlySpan<byte> exif)
    {
        // JPEG's prefix, which some programs write here too.
        exif = exif.StartsWith("Exif\0\0"u8) ? exif[6..] : exif;
        bool? little = exif.StartsWith("II*\0"u8) ? true : exif.StartsWith("MM\0*"u8) ? false : null;
        if (little is not { } isLittle || exif.Length < 8)
        {
            return null;
        }

        var first = isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(exif[4..]) : BinaryPrimitives.ReadUInt32BigEndian(exif[4..]);
        if (first > exif.Length - 2)
        {
            return null;
        }

        var directory = exif[(int)first..];
        var count = U16(directory, isLittle);
        for (directory = directory[2..]; count > 0 && directory.Length >= 12; count--, directory = directory[12..])
        {
            if (U16(directory, isLittle) == OrientationTag)
            {
                return U16(directory[2..], isLittle) == Short ? U16(directory[8..], isLittle) : null;
            }
        }

        return null;
    }

    private static int U16(ReadOnlySpan<byte> bytes, bool little) =>
        little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
