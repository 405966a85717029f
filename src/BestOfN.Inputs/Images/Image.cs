namespace BestOfN.Inputs.Images;

/// <summary>A decoded picture: 8-bit RGB, rows from top to bottom, three bytes per pixel and nothing between rows. Immutable.</summary>
public sealed class Image
{
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    /// <param name="pixels">width · height · 3 bytes; the caller keeps no other reference to them.</param>
    /// <exception cref="ArgumentException">The sizes do not fit together.</exception>
    public Image(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * 3)
        {
            throw new ArgumentException(
                $"Expected {(long)width * height * 3} bytes for {width} x {height} pixels, got {pixels.Length}.", nameof(pixels));
        }

        (Width, Height, Pixels) = (width, height, pixels);
    }

    public int Width { get; }

    public int Height { get; }

    public ReadOnlyMemory<byte> Pixels { get; }
}
