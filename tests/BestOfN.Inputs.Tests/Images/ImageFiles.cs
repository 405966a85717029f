using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using BestOfN.Inputs.Images;
using SkiaSharp;

namespace BestOfN.Inputs.Tests.Images;

/// <summary>Encoded pictures made on the spot, byte by byte where no encoder makes them.</summary>
internal static class ImageFiles
{
    public static byte[] Encode(Image picture, SKEncodedImageFormat format, int quality = 100)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var y = 0; y < picture.Height; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                var (r, g, b) = picture.At(x, y);
                bitmap.SetPixel(x, y, new SKColor(r, g, b));
            }
        }

        using var data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    /// <param name="depth">Bits per sample.</param>
    /// <param name="colour">0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.</param>
    /// <param name="rows">Packed samples, without filter bytes.</param>
    public static byte[] Png(
        int width, int height, byte depth, byte colour, byte[] rows, byte[]? palette = null, byte[]? transparency = null)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (depth, colour);
        Chunk("IHDR", header);
        if (palette is not null)
        {
            Chunk("PLTE", palette);
        }

        if (transparency is not null)
        {
            Chunk("tRNS", transparency);
        }

        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            foreach (var row in rows.Chunk(Math.Max(1, rows.Length / height)))
            {
                zlib.WriteByte(0);
                zlib.Write(row);
            }
        }

        Chunk("IDAT", packed.ToArray());
        Chunk("IEND", []);
        return file.ToArray();

        void Chunk(string type, byte[] content)
        {
            var number = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
            file.Write(number);
            byte[] body = [.. Encoding.ASCII.GetBytes(type), .. content];
            file.Write(body);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc(body));
            file.Write(number);
        }
    }

    /// <summary>A bitmap of 24 bits, rows from bottom to top.</summary>
    public static byte[] Bmp(Image picture)
    {
        var stride = ((picture.Width * 3) + 3) / 4 * 4;
        var file = new byte[54 + (stride * picture.Height)];
        (file[0], file[1], file[10], file[14], file[26], file[28]) = ((byte)'B', (byte)'M', 54, 40, 1, 24);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), picture.Width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), picture.Height);
        for (var y = 0; y < picture.Height; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                var (r, g, b) = picture.At(x, y);
                ((byte[])[b, g, r]).CopyTo(file, 54 + ((picture.Height - 1 - y) * stride) + (x * 3));
            }
        }

        return file;
    }

    /// <summary>Two by two pixels of the colours red, green, blue and white, and a second frame of white.</summary>
    /// <param name="transparent">Index of the colour that stands for transparent, or -1.</param>
    public static byte[] Gif(int transparent)
    {
        byte[] palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
        return
        [
            .. "GIF89a"u8, 2, 0, 2, 0, 0x81, 0, 0, .. palette,
            0x21, 0xF9, 4, (byte)(transparent >= 0 ? 1 : 0), 0, 0, (byte)Math.Max(0, transparent), 0,
            0x2C, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 3, .. Codes(0, 1, 2, 3), 0,
            0x2C, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 3, .. Codes(3, 3, 3, 3), 0,
            0x3B,
        ];

        // Codes of three bits, lowest first: 4 clears before they would have to grow, 5 ends.
        static byte[] Codes(int a, int b, int c, int d)
        {
            var bits = 4 | (a << 3) | (b << 6) | (4 << 9) | (c << 12) | (d << 15) | (5 << 18);
            return [(byte)bits, (byte)(bits >> 8), (byte)(bits >> 16)];
        }
    }

    /// <summary>Says in EXIF how a JPEG is to be turned.</summary>
    /// <param name="orientation">1 to 8.</param>
    public static byte[] WithOrientation(byte[] jpeg, byte orientation)
    {
        byte[] exif = [.. "Exif\0\0MM\0*\0\0\0\x08"u8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
        return [0xFF, 0xD8, 0xFF, 0xE1, 0, (byte)(exif.Length + 2), .. exif, .. jpeg[2..]];
    }

    /// <summary>Puts EXIF data behind the last pixels of a PNG, where they may stand.</summary>
    public static byte[] WithPngExif(byte[] png, byte[] exif) => WithPngChunk(png, "eXIf"u8, exif);

    /// <summary>Puts a chunk behind the last pixels of a PNG.</summary>
    public static byte[] WithPngChunk(byte[] png, ReadOnlySpan<byte> type, byte[] content)
    {
        byte[] body = [.. type, .. content];
        var (length, check) = (new byte[4], new byte[4]);
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(check, Crc(body));
        return [.. png[..^12], .. length, .. body, .. check, .. png[^12..]];
    }

    /// <summary>A JPEG of one colour, 8 by 8 pixels, four components as Adobe writes them: inverted.</summary>
    public static byte[] CmykJpeg(byte cyan, byte magenta, byte yellow, byte black)
    {
        var bits = new StringBuilder();
        foreach (var ink in (byte[])[cyan, magenta, yellow, black])
        {
            // With a quantisation of 8 the constant coefficient is the value itself, less 128.
            // Every size has the code of its own number in four bits.
            var value = 255 - ink - 128;
            var size = value == 0 ? 0 : 32 - int.LeadingZeroCount(Math.Abs(value));
            bits.Append(Convert.ToString(size, 2).PadLeft(4, '0'));
            if (size > 0)
            {
                bits.Append(Convert.ToString(value > 0 ? value : value + (1 << size) - 1, 2).PadLeft(size, '0'));
            }

            bits.Append('0'); // end of block: the only code of the other table
        }

        while (bits.Length % 8 != 0)
        {
            bits.Append('1');
        }

        var scan = Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.ToString(i * 8, 8), 2))
            .SelectMany(b => b == 0xFF ? new byte[] { 0xFF, 0 } : [b]);
        return
        [
            0xFF, 0xD8,
            0xFF, 0xEE, 0, 14, .. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0,
            0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)8, 64),
            0xFF, 0xC0, 0, 20, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0,
            0xFF, 0xC4, 0, 28, 0x00, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8,
            0xFF, 0xC4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0,
            .. scan,
            0xFF, 0xD9,
        ];
    }

    private static uint Crc(byte[] content)
    {
        var crc = uint.MaxValue;
        foreach (var b in content)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
            {
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
            }
        }

        return ~crc;
    }
}
