namespace BestOfN.Inputs.Images;

/// <summary>Resizes and pads a picture to a whole number of square tiles, as InternLM-XComposer2.5 does (its hd_num).</summary>
/// <remarks>The longer side covers whole tiles, the shorter follows from the aspect ratio and is padded with white.</remarks>
public static class HighDefinitionTiling
{
    /// <summary>Side of a tile of the published models, in pixels.</summary>
    public const int PublishedTile = 560;

    /// <summary>Resizes and pads <paramref name="picture"/> to at most <paramref name="maximumTiles"/> tiles.</summary>
    /// <param name="maximumTiles">hd_num of the published code, at least 1.</param>
    /// <param name="tile">Side of a tile in pixels.</param>
    /// <exception cref="ImageException">The picture is so elongated that it would have no pixel left.</exception>
    public static TiledImage Apply(Image picture, int maximumTiles, int tile, TilingVariant variant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(picture);
        return Apply(picture, LayoutOf(picture.Width, picture.Height, maximumTiles, tile, variant), tile, cancellationToken);
    }

    /// <summary>The layout that <see cref="Apply(Image, int, int, TilingVariant, CancellationToken)"/>
    /// gives an image of this size.</summary>
    /// <exception cref="ImageException">The picture is so elongated that it would have no pixel left.</exception>
    public static TileLayout LayoutOf(int width, int height, int maximumTiles, int tile, TilingVariant variant)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumTiles, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(tile, 1);
        if (width < height)
        {
            return LayoutOf(height, width, maximumTiles, tile, variant).Transposed();
        }

        var ratio = (double)width / height;
        var columns = 1;
        while ((columns + 1) * Math.Ceiling((columns + 1) / ratio) <= maximumTiles)
        {
            columns++;
        }

        var enough = variant == TilingVariant.Training ? Math.Ceiling(width * 1.5 / tile) : Math.Ceiling((double)width / tile);
        columns = (int)Math.Min(enough, columns);
        var resizedWidth = checked(columns * tile);
        var resizedHeight = (int)(resizedWidth / ratio);
        if (resizedHeight == 0)
        {
            throw new ImageException(
                $"The picture of {width} x {height} pixels is too elongated: resized "
                    + $"to {resizedWidth} pixels it would have no pixel across.");
        }

        var rows = Tiles(resizedHeight, tile);
        var top = variant == TilingVariant.Training ? ((rows * tile) - resizedHeight) / 2 : 0;
        return new(columns, rows, 0, top, resizedWidth, resizedHeight, IsPortrait: false);
    }

    internal static TiledImage Apply(Image picture, TileLayout layout, int tile, CancellationToken cancellationToken)
    {
        var pixels = PillowResampling.Resize(
            picture.Pixels, (picture.Width, picture.Height), (layout.Width, layout.Height),
                3, ResamplingFilter.Bilinear, layout.IsPortrait, cancellationToken);
        var resized = new Image(layout.Width, layout.Height, pixels);
        var (width, height) = (checked(layout.Columns * tile), checked(layout.Rows * tile));
        if ((width, height) == (layout.Width, layout.Height))
        {
            return new(resized, tile);
        }

        var canvas = new WhiteCanvas(width, height);
        canvas.Paste(resized, layout.Left, layout.Top);
        return new(canvas.ToPicture(), tile);
    }

    internal static int Tiles(int length, int tile) => ((length - 1) / tile) + 1;
}
