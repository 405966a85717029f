using BestOfN.Inputs.Images;

namespace BestOfN.Inputs.Tests.Images;

/// <summary>Pictures made on the spot.</summary>
internal static class TestImages
{
    public static Image Noise(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        new Random(width + (height * 1000)).NextBytes(pixels);
        return new(width, height, pixels);
    }

    public static Image Black(int width, int height) => new(width, height, new byte[width * height * 3]);

    public static (byte Red, byte Green, byte Blue) At(this Image picture, int x, int y)
    {
        var pixel = picture.Pixels.Span.Slice(((y * picture.Width) + x) * 3, 3);
        return (pixel[0], pixel[1], pixel[2]);
    }
}
