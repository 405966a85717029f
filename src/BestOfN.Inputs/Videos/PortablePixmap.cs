using System.Buffers.Text;
using BestOfN.Inputs.Images;

namespace BestOfN.Inputs.Videos;

/// <summary>Raw RGB frames, each behind its size: binary PPM, "P6 width height 255" and the bytes.</summary>
internal static class PortablePixmap
{
    /// <summary>Reads the next frame.</summary>
    /// <param name="maximumBytes">Bytes of pixels to take memory for at most.</param>
    /// <returns>Null at the end of the stream.</returns>
    /// <exception cref="VideoException">The frame is larger than allowed, or the stream ends inside it.</exception>
    public static async Task<Image?> ReadAsync(Stream stream, long maximumBytes, CancellationToken cancellationToken)
    {
        var header = new byte[32];
        var length = 0;
        for (var lines = 0; lines < 3; length++)
        {
            if (length == header.Length || await stream.ReadAsync(header.AsMemory(length, 1), cancellationToken) == 0)
            {
                return length == 0 ? null : throw Truncated();
            }

            lines += header[length] == '\n' ? 1 : 0;
        }

        var (width, height) = Size(header.AsSpan(0, length));
        var bytes = (long)width * height * 3;
        if (bytes > maximumBytes)
        {
            throw new VideoException($"A frame of {width} x {height} pixels is beyond what the video may take.");
        }

        var pixels = GC.AllocateUninitializedArray<byte>((int)bytes);
        try
        {
            await stream.ReadExactlyAsync(pixels, cancellationToken);
        }
        catch (EndOfStreamException)
        {
            throw Truncated();
        }

        return new(width, height, pixels);
    }

    private static (int Width, int Height) Size(ReadOnlySpan<byte> header)
    {
        if (header.StartsWith("P6\n"u8) && header.EndsWith("\n255\n"u8)
            && Utf8Parser.TryParse(header[3..], out int width, out var digits) && width > 0
            && Utf8Parser.TryParse(header[(4 + digits)..], out int height, out _) && height > 0)
        {
            return (width, height);
        }

        throw Truncated();
    }

    private static VideoException Truncated() => new("The video could not be decoded: its frames break off.");
}
