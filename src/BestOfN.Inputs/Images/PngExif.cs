using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using SkiaSharp;

namespace BestOfN.Inputs.Images;

/// <summary>How the EXIF data of a PNG say that it is to be turned; the decoder reads them of JPEG and WebP only.</summary>
/// <remarks>
/// Chunk eXIf: https://www.w3.org/TR/png-3/#eXIf. Before it was defined, ImageMagick wrote it as hexadecimal text; Pillow reads both.
/// Tag 0x0112 of the first directory: CIPA DC-008, 4.6.4.
/// </remarks>
internal static class PngExif
{
    private const int SignatureLength = 8;
    private const int OrientationTag = 0x0112;
    private const int Short = 3;

    // The directory stands at the beginning; pictures within EXIF data may follow.
    private const int LongestText = 1 << 17;

    /// <summary>TopLeft where nothing is said, or nothing that makes sense.</summary>
    public static SKEncodedOrigin Origin(ReadOnlySpan<byte> file)
    {
        byte[] text = [];
        for (var rest = file[SignatureLength..]; rest.Length >= 12;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - 12)
            {
                break;
            }

            var type = rest[4..8];
            var body = rest.Slice(8, (int)length);
            if (type.SequenceEqual("eXIf"u8))
            {
                return ToOrigin(Orientation(body));
            }

            if ((type.SequenceEqual("tEXt"u8) || type.SequenceEqual("zTXt"u8)) && body.StartsWith(TextKeyword))
            {
                text = FromText(body[TextKeyword.Length..], isCompressed: type[0] == 'z');
            }

            rest = rest[(12 + (int)length)..];
        }

        return ToOrigin(Orientation(text));
    }

    private static ReadOnlySpan<byte> TextKeyword => "Raw profile type exif\0"u8;

    private static SKEncodedOrigin ToOrigin(int? orientation) =>
        orientation is >= 1 and <= 8 and var known ? (SKEncodedOrigin)known : SKEncodedOrigin.TopLeft;

    // An empty line, the name and the length, then lines of hexadecimal digits. Empty where the text is something else.
    private static byte[] FromText(ReadOnlySpan<byte> text, bool isCompressed)
    {
        if (isCompressed)
        {
            var unpacked = new byte[LongestText];
            try
            {
                using var zlib = new ZLibStream(new MemoryStream(text[Math.Min(1, text.Length)..].ToArray()), CompressionMode.Decompress);
                text = unpacked.AsSpan(0, zlib.ReadAtLeast(unpacked, unpacked.Length, throwOnEndOfStream: false));
            }
            catch (InvalidDataException)
            {
                return [];
            }
        }

        var lines = Encoding.Latin1.GetString(text[..Math.Min(text.Length, LongestText)]).Split('\n');
        var digits = string.Concat(lines.Skip(3)).Trim();
        var exif = new byte[digits.Length / 2];
        _ = Convert.FromHexString(digits, exif, out _, out var read);
        return exif[..read];
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
