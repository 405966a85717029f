using System.Runtime.InteropServices;
using SkiaSharp;

namespace BestOfN.Inputs.Images;

/// <summary>Decodes PNG, JPEG, WebP, GIF (first frame) and BMP to 8-bit RGB. Thread-safe.</summary>
/// <remarks>As Pillow's <c>convert("RGB")</c> does: palette and grey are expanded, alpha is dropped without compositing, the upper 8 of
/// 16 bits are kept, colour profiles are not applied. Two differences: pictures are turned as their EXIF data say unless told otherwise,
/// and 16-bit grey is scaled where Pillow clips it to white.</remarks>
public static class ImageDecoder
{
    // An honest progressive JPEG has about ten scans. Each is a pass over all pixels that costs the sender a few bytes.
    private const int MaximumScans = 256;
    private const int ScansOfLargestPicture = 20;

    // The decoder unpacks every compressed text of a PNG, up to 8 MB each out of 8 kB, though no code reads it.
    private const int MaximumTexts = 100;

    /// <summary>Decodes a picture and turns it as its EXIF data say.</summary>
    /// <param name="content">The file; its first bytes name its format.</param>
    /// <exception cref="ImageException">The file is not a picture of a known format, is
    /// damaged or truncated, or is beyond a limit.</exception>
    public static Image Decode(ReadOnlyMemory<byte> content, ImageLimits limits, CancellationToken cancellationToken) =>
        Decode(content, limits, ImageOrientation.AsShown, cancellationToken);

    /// <inheritdoc cref="Decode(ReadOnlyMemory{byte}, ImageLimits, CancellationToken)"/>
    public static Image Decode(
        ReadOnlyMemory<byte> content, ImageLimits limits, ImageOrientation orientation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(limits);
        cancellationToken.ThrowIfCancellationRequested();
        if (content.Length > limits.Bytes)
        {
            throw new ImageException($"The picture has {content.Length} bytes; at most {limits.Bytes} are allowed.");
        }

        var format = FormatOf(content.Span)
            ?? throw new ImageException("The file is not a picture of a known format: PNG, JPEG, WebP, GIF or BMP is expected.");
        var scans = format == "JPEG" ? Scans(content.Span) : 1;
        if (scans > MaximumScans)
        {
            throw new ImageException($"The JPEG has more than {MaximumScans} scans.");
        }

        if (format == "PNG" && content.Span.Count("zTXt"u8) + content.Span.Count("iTXt"u8) > MaximumTexts)
        {
            throw new ImageException($"The PNG has more than {MaximumTexts} texts.");
        }

        // The decoder gets memory that it cannot leave. A stream of managed code would be asked by native frames,
        // where an exception (a file that says "skip 4 GB" causes one) ends the process.
        using var data = SKData.CreateCopy((format == "GIF" ? GifFile.WithoutTransparency(content) : content).Span);
        using var stream = new SKMemoryStream(data);
        using var codec = SKCodec.Create(stream, out var opened);
        if (codec is null)
        {
            throw Failure(opened);
        }

        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if (width < 1 || height < 1)
        {
            throw new ImageException($"The {format} declares {width} x {height} pixels.");
        }

        if (Math.Max(width, height) > limits.Side || (long)width * height > limits.Pixels)
        {
            throw new ImageException(
                $"The {format} declares {width} x {height} pixels; at most {limits.Pixels} "
                    + $"pixels and {limits.Side} along a side are allowed.");
        }

        if ((long)width * height * scans > (long)limits.Pixels * ScansOfLargestPicture)
        {
            throw new ImageException($"The JPEG has {scans} scans, too many for {width} x {height} pixels.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        var pixels = Read(codec, width, height);
        var origin = orientation == ImageOrientation.AsStored
            ? SKEncodedOrigin.TopLeft : format == "PNG" ? PngExif.Origin(content.Span) : codec.EncodedOrigin;
        return ToPicture(pixels, width, height, origin);

        byte[] Read(SKCodec codec, int width, int height)
        {
            // Without a colour space in the target, profiles are not applied;
            // unpremultiplied, colours keep what alpha would take from them.
            var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
            var pixels = new byte[checked(width * height * 4)];
            var pin = GCHandle.Alloc(pixels, GCHandleType.Pinned);
            try
            {
                var result = codec.GetPixels(info, pin.AddrOfPinnedObject());
                if (result != SKCodecResult.Success)
                {
                    throw Failure(result);
                }
            }
            finally
            {
                pin.Free();
            }

            return pixels;
        }

        ImageException Failure(SKCodecResult result) => new(result switch
        {
            SKCodecResult.IncompleteInput => $"The {format} is truncated: it ends before its last pixel.",
            SKCodecResult.Unimplemented or SKCodecResult.InvalidConversion => $"The {format} uses a feature that is not supported.",
            _ => $"The {format} is damaged.",
        });
    }

    private static string? FormatOf(ReadOnlySpan<byte> content) => content switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => "PNG",
        [0xFF, 0xD8, 0xFF, ..] => "JPEG",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "WebP",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', (byte)'7' or (byte)'9', (byte)'a', ..] => "GIF",
        [(byte)'B', (byte)'M', ..] => "BMP",
        _ => null,
    };

    private static int Scans(ReadOnlySpan<byte> content) => content.Count((ReadOnlySpan<byte>)[0xFF, 0xDA]);

    private static Image ToPicture(byte[] rgba, int width, int height, SKEncodedOrigin origin)
    {
        // Where the first pixel goes, and how far one step right and one step down in the file lead in the picture.
        var isTurned = origin >= SKEncodedOrigin.LeftTop;
        var (start, right, down) = origin switch
        {
            SKEncodedOrigin.TopRight => (width - 1, -1, width),
            SKEncodedOrigin.BottomRight => ((width * height) - 1, -1, -width),
            SKEncodedOrigin.BottomLeft => ((height - 1) * width, 1, -width),
            SKEncodedOrigin.LeftTop => (0, height, 1),
            SKEncodedOrigin.RightTop => (height - 1, height, -1),
            SKEncodedOrigin.RightBottom => ((width * height) - 1, -height, -1),
            SKEncodedOrigin.LeftBottom => ((width - 1) * height, -height, 1),
            _ => (0, 1, width),
        };

        var pixels = GC.AllocateUninitializedArray<byte>(width * height * 3);
        for (var y = 0; y < height; y++)
        {
            var row = rgba.AsSpan(y * width * 4, width * 4);
            var target = start + (y * down);
            for (var x = 0; x < row.Length; x += 4, target += right)
            {
                row.Slice(x, 3).CopyTo(pixels.AsSpan(target * 3, 3));
            }
        }

        return isTurned ? new(height, width, pixels) : new(width, height, pixels);
    }
}
