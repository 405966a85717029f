using System.Buffers.Binary;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>Frames as an animated GIF.</summary>
/// <remarks>Source: Graphics Interchange Format, version 89a, CompuServe 1990, https://www.w3.org/Graphics/GIF/spec-gif89a.txt.</remarks>
internal static class AnimatedGif
{
    private const int PaletteSize = 256;
    private const int MinimumCodeSize = 8;
    private const int ClearCode = 256;
    private const int EndCode = 257;
    private const int MaximumCodes = 4096;
    private const int MaximumBlock = 255;
    private const ushort HundredthsPerFrame = 100;

    /// <returns>A GIF of exactly these pixels, one frame a second.</returns>
    /// <exception cref="ArgumentException">No frames, frames of different sizes, or more than 256 colours in all.</exception>
    public static byte[] Encode(IReadOnlyList<Image> frames)
    {
        if (frames.Count == 0 || frames.Any(f => f.Width != frames[0].Width || f.Height != frames[0].Height)
            || frames[0].Width > ushort.MaxValue || frames[0].Height > ushort.MaxValue)
        {
            throw new ArgumentException(
                "A GIF needs at least one frame, all frames of one size, and at most 65535 pixels along each side.", nameof(frames));
        }

        var palette = new Dictionary<int, byte>();
        var indices = frames.Select(f => Indices(f, palette)).ToArray();

        using var gif = new MemoryStream();
        gif.Write("GIF89a"u8);
        Write(gif, (ushort)frames[0].Width, (ushort)frames[0].Height);
        gif.Write([0xF7, 0, 0]); // a global palette of 256 colours of 8 bits
        var colours = new byte[PaletteSize * 3];
        foreach (var (colour, index) in palette)
        {
            colours[index * 3] = (byte)(colour >> 16);
            colours[(index * 3) + 1] = (byte)(colour >> 8);
            colours[(index * 3) + 2] = (byte)colour;
        }

        gif.Write(colours);
        foreach (var frame in indices)
        {
            gif.Write([0x21, 0xF9, 4, 0]); // graphic control: nothing transparent
            Write(gif, HundredthsPerFrame);
            gif.Write([0, 0, 0x2C]);
            Write(gif, 0, 0, (ushort)frames[0].Width, (ushort)frames[0].Height);
            gif.Write([0, MinimumCodeSize]);
            WriteBlocks(gif, Compress(frame));
        }

        gif.WriteByte(0x3B);
        return gif.ToArray();
    }

    private static byte[] Indices(Image frame, Dictionary<int, byte> palette)
    {
        var pixels = frame.Pixels.Span;
        var indices = new byte[frame.Width * frame.Height];
        for (var i = 0; i < indices.Length; i++)
        {
            var colour = (pixels[i * 3] << 16) | (pixels[(i * 3) + 1] << 8) | pixels[(i * 3) + 2];
            if (!palette.TryGetValue(colour, out indices[i]))
            {
                if (palette.Count == PaletteSize)
                {
                    throw new ArgumentException($"A GIF holds at most {PaletteSize} colours; these frames have more.", nameof(frame));
                }

                indices[i] = palette[colour] = (byte)palette.Count;
            }
        }

        return indices;
    }

    /// <summary>LZW with codes of growing length, least significant bits first.</summary>
    private static List<byte> Compress(byte[] indices)
    {
        var bytes = new List<byte>();
        var codes = new Dictionary<int, int>(); // prefix code and next index → code
        var (bits, bitCount, size, next) = (0, 0, MinimumCodeSize + 1, EndCode + 1);

        void Emit(int code)
        {
            bits |= code << bitCount;
            for (bitCount += size; bitCount >= 8; bitCount -= 8, bits >>= 8)
            {
                bytes.Add((byte)bits);
            }
        }

        Emit(ClearCode);
        int prefix = indices[0];
        foreach (var index in indices.AsSpan(1))
        {
            var key = (prefix << 8) | index;
            if (codes.TryGetValue(key, out var known))
            {
                prefix = known;
                continue;
            }

            Emit(prefix);
            prefix = index;
            if (next == MaximumCodes)
            {
                Emit(ClearCode);
                codes.Clear();
                (size, next) = (MinimumCodeSize + 1, EndCode + 1);
                continue;
            }

            // The decoder is one entry behind: it reads longer codes only after it has made the entry that needs them.
            if (next == 1 << size)
            {
                size++;
            }

            codes[key] = next++;
        }

        Emit(prefix);
        if (next == 1 << size && size < 12)
        {
            size++;
        }

        Emit(EndCode);
        if (bitCount > 0)
        {
            bytes.Add((byte)bits);
        }

        return bytes;
    }

    private static void WriteBlocks(MemoryStream gif, List<byte> bytes)
    {
        foreach (var block in bytes.Chunk(MaximumBlock))
        {
            gif.WriteByte((byte)block.Length);
            gif.Write(block);
        }

        gif.WriteByte(0);
    }

    private static void Write(MemoryStream gif, params ReadOnlySpan<ushort> values)
    {
        Span<byte> bytes = stackalloc byte[2];
        foreach (var value in values)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
            gif.Write(bytes);
        }
    }
}
