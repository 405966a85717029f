using System.Globalization;
using BestOfN.Inputs.Images;
using SkiaSharp;

namespace BestOfN.Inputs.Videos;

/// <summary>Puts the frames of a video into one picture, as InternLM-XComposer2.5 sees it: landscape frames below each other, others beside
/// each other, each numbered.</summary>
/// <remarks>All lengths are those of the published code at its tile of 560 pixels, and scale with the tile. The published label font comes
/// with its weights; here it is one of the system, so label pixels differ a little.</remarks>
public static class VideoComposition
{
    /// <summary>Whether the system has a font, so that frames bear their numbers.</summary>
    public static bool HasLabels => LabelFont.Typeface is not null;

    /// <summary>Composes, resizes and pads to one row or one column of tiles.</summary>
    /// <param name="frames">In order of time, at least one; <see cref="SampledVideo.Frames"/>.</param>
    /// <param name="tile">Side of a tile in pixels.</param>
    /// <exception cref="VideoException">The frames are so elongated that no pixel of them would be left.</exception>
    public static TiledImage Tile(IReadOnlyList<Image> frames, int tile, CancellationToken cancellationToken)
    {
        var composed = Compose(frames, tile, cancellationToken);
        return HighDefinitionTiling.Apply(composed, LayoutOf(composed.Width, composed.Height, tile), tile, cancellationToken);
    }

    /// <summary>One picture of all frames.</summary>
    internal static Image Compose(IReadOnlyList<Image> frames, int tile, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(frames.Count);
        ArgumentOutOfRangeException.ThrowIfLessThan(tile, 1);
        var resized = frames.Select(frame => Fit(frame, 2 * tile, cancellationToken)).ToList();
        var (label, gap, line) = (Scaled(40), Scaled(10), Scaled(5));
        var thickness = Math.Max(1, Scaled(2));
        var isStacked = frames[^1].Width > frames[^1].Height;

        var (width, height) = isStacked
            ? (resized.Max(f => f.Width), resized.Sum(f => f.Height + gap + label))
            : (resized.Sum(f => f.Width + gap), resized.Max(f => f.Height) + label);
        if ((long)width * height * 3 > Array.MaxLength)
        {
            throw new VideoException($"The frames of the video do not fit into one picture: it would be {width} x {height} pixels.");
        }

        var canvas = new WhiteCanvas(width, height);
        var start = 0;
        for (var i = 0; i < resized.Count; i++)
        {
            var frame = resized[i];
            var (left, top) = isStacked ? (0, start) : (start, 0);
            canvas.Paste(frame, left, top + label);
            Label(canvas, i, left, top, label);
            if (i + 1 < resized.Count && isStacked)
            {
                canvas.FillBlack(0, top + label + frame.Height + line, width, thickness);
            }
            else if (i + 1 < resized.Count)
            {
                canvas.FillBlack(left + frame.Width + line, 0, thickness, height);
            }

            start += gap + (isStacked ? frame.Height + label : frame.Width);
        }

        return canvas.ToPicture();

        int Scaled(int published) =>
            (int)Math.Round((double)published * tile / HighDefinitionTiling.PublishedTile, MidpointRounding.AwayFromZero);
    }

    /// <summary>The shorter side fills one tile, the longer is padded at its end.</summary>
    internal static TileLayout LayoutOf(int width, int height, int tile)
    {
        if (width < height)
        {
            return LayoutOf(height, width, tile).Transposed();
        }

        var resizedWidth = (int)(tile * ((double)width / height));
        return new(HighDefinitionTiling.Tiles(resizedWidth, tile), 1, 0, 0, resizedWidth, tile, IsPortrait: false);
    }

    private static Image Fit(Image frame, int side, CancellationToken cancellationToken)
    {
        var ratio = (double)frame.Width / frame.Height;
        var (width, height) = frame.Width > frame.Height ? (side, (int)(side / ratio)) : ((int)(side * ratio), side);
        return width > 0 && height > 0
            ? PillowResampling.Resize(frame, width, height, ResamplingFilter.Bilinear, cancellationToken)
            : throw new VideoException($"The video of {frame.Width} x {frame.Height} pixels is too elongated.");
    }

    private static void Label(WhiteCanvas canvas, int index, int left, int top, int size)
    {
        if (LabelFont.Typeface is not { } typeface || size < 1)
        {
            return;
        }

        var text = string.Create(CultureInfo.InvariantCulture, $"<IMAGE {index}>");
        using var font = new SKFont(typeface, size) { Edging = SKFontEdging.Antialias, Hinting = SKFontHinting.Normal };
        using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        using var bitmap = new SKBitmap(
            new SKImageInfo((int)Math.Ceiling(font.MeasureText(text)) + 1, size, SKColorType.Alpha8, SKAlphaType.Premul));
        bitmap.Erase(SKColors.Transparent);
        using (var surface = new SKCanvas(bitmap))
        {
            surface.DrawText(text, 0, MathF.Ceiling(-font.Metrics.Ascent), SKTextAlign.Left, font, paint);
        }

        for (var y = 0; y < bitmap.Height; y++)
        {
            canvas.Stamp(bitmap.GetPixelSpan().Slice(y * bitmap.RowBytes, bitmap.Width), bitmap.Width, left, top + y);
        }
    }
}
