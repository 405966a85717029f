using System.Text.Json;
using BestOfN.Inputs.Images;
using BestOfN.Testing;
using SkiaSharp;

namespace BestOfN.Inference.Tests.Networks;

/// <summary>The preprocessed images of a reference case, byte by byte.</summary>
internal static class GoldenImages
{
    public const int Tile = 560;

    public static TiledImage[] Read(string folder, JsonElement expected) =>
        [.. expected.GetProperty("images").EnumerateArray()
            .Select(i => Read(Path.Combine(GoldenFiles.Folder(folder), i.GetProperty("preprocessed").GetString()!)))];

    private static TiledImage Read(string path)
    {
        using var codec = SKCodec.Create(path);
        using var bitmap = new SKBitmap(new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        Assert.Equal(SKCodecResult.Success, codec.GetPixels(bitmap.Info, bitmap.GetPixels()));
        var four = bitmap.GetPixelSpan();
        var three = new byte[four.Length / 4 * 3];
        for (int from = 0, to = 0; from < four.Length; from += 4, to += 3)
        {
            four.Slice(from, 3).CopyTo(three.AsSpan(to));
        }

        return new TiledImage(new Image(bitmap.Width, bitmap.Height, three), Tile);
    }
}
