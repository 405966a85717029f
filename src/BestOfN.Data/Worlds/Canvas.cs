using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>A white picture to draw on, in whole pixels: the same bytes on every platform. What lies outside is not drawn.</summary>
internal sealed class Canvas
{
    private readonly int _width, _height;
    private readonly byte[] _pixels;

    public Canvas(int width, int height)
    {
        (_width, _height) = (width, height);
        _pixels = new byte[width * height * 3];
        _pixels.AsSpan().Fill(255);
    }

    public void Fill(int left, int top, int width, int height, Ink ink)
    {
        var (right, bottom) = (Math.Min(left + width, _width), Math.Min(top + height, _height));
        for (var y = Math.Max(0, top); y < bottom; y++)
        {
            for (var x = Math.Max(0, left); x < right; x++)
            {
                Set(x, y, ink);
            }
        }
    }

    /// <param name="left">Left edge of the square around the disc.</param>
    /// <param name="top">Upper edge of that square.</param>
    /// <param name="diameter">In pixels.</param>
    /// <param name="ink">Colour of the disc.</param>
    public void Disc(int left, int top, int diameter, Ink ink)
    {
        // In half pixels, so that pixel centres are whole numbers.
        for (var y = 0; y < diameter; y++)
        {
            for (var x = 0; x < diameter; x++)
            {
                var (dx, dy) = ((2 * x) + 1 - diameter, (2 * y) + 1 - diameter);
                if ((dx * dx) + (dy * dy) <= diameter * diameter)
                {
                    Fill(left + x, top + y, 1, 1, ink);
                }
            }
        }
    }

    /// <param name="glyph">What to draw.</param>
    /// <param name="left">Pixels.</param>
    /// <param name="top">Pixels.</param>
    /// <param name="dot">Pixels along each side of a dot of the glyph.</param>
    /// <param name="ink">What fills the dots.</param>
    public void Draw(Glyph glyph, int left, int top, int dot, Ink ink)
    {
        for (var y = 0; y < glyph.Height; y++)
        {
            for (var x = 0; x < glyph.Width; x++)
            {
                if (glyph[x, y])
                {
                    Fill(left + (x * dot), top + (y * dot), dot, dot, ink);
                }
            }
        }
    }

    public Image ToPicture() => new(_width, _height, _pixels.AsSpan().ToArray());

    private void Set(int x, int y, Ink ink)
    {
        var colour = ((x + y) & 1) == 0 ? ink.Even : ink.Odd;
        var at = ((y * _width) + x) * 3;
        _pixels[at] = (byte)(colour >> 16);
        _pixels[at + 1] = (byte)(colour >> 8);
        _pixels[at + 2] = (byte)colour;
    }
}
