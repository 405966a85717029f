using BestOfN.Inputs.Images;
using BestOfN.Testing;

namespace BestOfN.Inputs.Tests.Images;

public sealed class HighDefinitionTilingTests
{
    private const int Tile = HighDefinitionTiling.PublishedTile;

    [Fact]
    public void Layouts_are_those_of_the_reference()
    {
        var rejected = 0;
        foreach (var item in GoldenFiles.Read("preprocess/hd-transform", "cases.json").GetProperty("cases").EnumerateArray())
        {
            var (width, height, tiles) = (item.GetProperty("width").GetInt32(), item.GetProperty("height").GetInt32(),
                item.GetProperty("hd_num").GetInt32());
            if (item.TryGetProperty("error", out _))
            {
                var exception = Assert.Throws<ImageException>(
                    () => HighDefinitionTiling.LayoutOf(width, height, tiles, Tile, TilingVariant.Inference));
                Assert.Contains("too elongated", exception.Message, StringComparison.Ordinal);
                rejected++;
                continue;
            }

            var layout = HighDefinitionTiling.LayoutOf(width, height, tiles, Tile, TilingVariant.Inference);
            Assert.Equal((item.GetProperty("tiles_w").GetInt32(), item.GetProperty("tiles_h").GetInt32()), (layout.Columns, layout.Rows));
            Assert.Equal((0, 0), (layout.Left, layout.Top));
            Assert.Equal(Numbers(item, "padded_wh"), new[] { layout.Columns * Tile, layout.Rows * Tile });
        }

        Assert.Equal(2, rejected);
    }

    [Fact]
    public void Layouts_for_training_are_those_of_the_reference()
    {
        foreach (var item in GoldenFiles.Read("preprocess/hd-transform-training", "cases.json").GetProperty("cases").EnumerateArray())
        {
            var layout = HighDefinitionTiling.LayoutOf(
                item.GetProperty("width").GetInt32(), item.GetProperty("height").GetInt32(),
                    item.GetProperty("hd_num").GetInt32(), Tile, TilingVariant.Training);
            Assert.Equal(Numbers(item, "padded_wh"), new[] { layout.Columns * Tile, layout.Rows * Tile });
            Assert.Equal(Numbers(item, "content_box_xyxy"),
                new[] { layout.Left, layout.Top, layout.Left + layout.Width, layout.Top + layout.Height });
        }
    }

    [Theory]
    [InlineData("image-1x1", 9)]
    [InlineData("image-2x3", 9)]
    [InlineData("image-portrait", 9)]
    [InlineData("multi-image", 6)]
    public void Pixels_are_those_of_the_reference(string name, int maximumTiles)
    {
        foreach (var image in GoldenFiles.Read($"ixc25-reward/{name}", "expected.json").GetProperty("images").EnumerateArray())
        {
            var source = GoldenImages.Read($"ixc25-reward/{name}", image.GetProperty("source").GetString()!);
            var expected = GoldenImages.Read($"ixc25-reward/{name}", image.GetProperty("preprocessed").GetString()!);

            var tiled = HighDefinitionTiling.Apply(
                source, maximumTiles, Tile, TilingVariant.Inference, TestContext.Current.CancellationToken);

            GoldenImages.AssertEqual(expected, tiled.Pixels);
            Assert.Equal((image.GetProperty("tiles_h").GetInt32(), image.GetProperty("tiles_w").GetInt32()), (tiled.Rows, tiled.Columns));
            Assert.Equal(image.GetProperty("image_tokens").GetInt32(), tiled.TokenCount(20));
        }
    }

    [Theory]
    [InlineData(300, 200, false)]
    [InlineData(200, 300, true)]
    public void For_training_white_is_split_between_both_ends(int width, int height, bool isPortrait)
    {
        var tiled = HighDefinitionTiling.Apply(
            TestImages.Black(width, height), 4, 32, TilingVariant.Training, TestContext.Current.CancellationToken);

        // 64 along the longer side and int(64 / 1.5) = 42 along the other leave 22: 11 before and 11 after.
        Assert.Equal((64, 64), (tiled.Pixels.Width, tiled.Pixels.Height));
        foreach (var (along, isWhite) in new[] { (10, true), (11, false), (52, false), (53, true) })
        {
            var pixel = isPortrait ? tiled.Pixels.At(along, 5) : tiled.Pixels.At(5, along);
            Assert.Equal(isWhite ? ((byte)255, (byte)255, (byte)255) : ((byte)0, (byte)0, (byte)0), pixel);
        }
    }

    [Fact]
    public void The_side_of_a_tile_can_be_chosen()
    {
        var tiled = HighDefinitionTiling.Apply(
            TestImages.Noise(100, 60), 6, 28, TilingVariant.Inference, TestContext.Current.CancellationToken);
        Assert.Equal((3, 2, 28), (tiled.Columns, tiled.Rows, tiled.Tile));
        Assert.Equal((84, 56), (tiled.Pixels.Width, tiled.Pixels.Height));
    }

    private static int[] Numbers(System.Text.Json.JsonElement item, string name) =>
        [.. item.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];
}
