using BestOfN.Inputs.Images;
using SkiaSharp;

namespace BestOfN.Data.Worlds;

/// <summary>Pictures as files.</summary>
internal static class ImageFile
{
    /// <returns>A PNG of exactly these pixels.</returns>
    public static byte[] Png(Image picture)
    {
        var rgb = picture.Pixels.Span;
        var rgba = new byte[picture.Width * picture.Height * 4];
        for (var pixel = 0; pixel < rgba.Length / 4; pixel++)
        {
            rgb.Slice(pixel * 3, 3).CopyTo(rgba.AsSpan(pixel * 4));
            rgba[(pixel * 4) + 3] = 255;
        }

        using var image = SKImage.FromPixelCopy(
            new SKImageInfo(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), rgba);
        using var file = image.Encode(SKEncodedImageFormat.Png, 100);
        return file.ToArray();
    }
}
