using BestOfN.Inputs.Images;
using SkiaSharp;

namespace BestOfN.Data.Cleaning;

/// <summary>Small pictures that stand in a page itself.</summary>
internal static class Thumbnail
{
    private const int LongestSide = 160;
    private const int Quality = 85;

    /// <returns>A data URL; null for videos, and where there is nothing to be shown.</returns>
    public static string? Of(CorpusImage image, ImageFiles files, CancellationToken cancellationToken)
    {
        try
        {
            return image.IsVideo || RecordChecks.Decode(files.Read(image), cancellationToken) is not { } decoded ? null : DataUrl(decoded);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static string DataUrl(Image image)
    {
        var scale = Math.Min(1, (double)LongestSide / Math.Max(image.Width, image.Height));
        using var bitmap = new SKBitmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var from = image.Pixels.Span;
        var to = bitmap.GetPixelSpan();
        for (var pixel = 0; pixel < image.Width * image.Height; pixel++)
        {
            from.Slice(pixel * 3, 3).CopyTo(to[(pixel * 4)..]);
            to[(pixel * 4) + 3] = byte.MaxValue;
        }

        using var small = bitmap.Resize(
            new SKImageInfo(Math.Max(1, (int)(image.Width * scale)), Math.Max(1, (int)(image.Height * scale))),
            new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using var file = small.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return $"data:image/jpeg;base64,{Convert.ToBase64String(file.Span)}";
    }
}
