using BestOfN.Inputs.Images;
using BestOfN.Testing;

namespace BestOfN.Inputs.Tests.Images;

/// <summary>PNG files of the reference outputs.</summary>
internal static class GoldenImages
{
    public static Image Read(string folder, string file) =>
        ImageDecoder.Decode(
            File.ReadAllBytes(Path.Combine(GoldenFiles.Folder(folder), file)), ImageLimits.Default, TestContext.Current.CancellationToken);

    public static void AssertEqual(Image expected, Image actual)
    {
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));
        var difference = expected.Pixels.Span.CommonPrefixLength(actual.Pixels.Span);
        Assert.True(
            difference == expected.Pixels.Length, $"Pixel {difference / 3 % expected.Width}, {difference / 3 / expected.Width} differs.");
    }
}
