using BestOfN.Inputs.Images;
using BestOfN.Inputs.Tests.Images;
using BestOfN.Inputs.Videos;
using BestOfN.Testing;

namespace BestOfN.Inputs.Tests.Videos;

public sealed class VideoCompositionTests
{
    private const string Folder = "ixc25-reward/video-landscape";

    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public void Outside_the_labels_the_composition_has_the_bytes_of_the_reference()
    {
        var sample = GoldenFiles.Read(Folder, "inputs.json").GetProperty("samples")[0];
        var frames = sample.GetProperty("frames").EnumerateArray().Select(f => GoldenImages.Read(Folder, f.GetString()!)).ToList();
        var expected = GoldenImages.Read(Folder, "composed.png");

        var composed = VideoComposition.Compose(frames, 560, None);

        Assert.Equal((expected.Width, expected.Height), (composed.Width, composed.Height));
        var tops = sample.GetProperty("label_boxes_xyxy").EnumerateArray().Select(b => b[1].GetInt32()).ToList();
        var stride = expected.Width * 3;
        for (var y = 0; y < expected.Height; y++)
        {
            if (!tops.Any(top => y >= top && y < top + 40))
            {
                Assert.True(expected.Pixels.Span.Slice(y * stride, stride).SequenceEqual(composed.Pixels.Span.Slice(y * stride, stride)),
                    $"Row {y} differs.");
            }
        }
    }

    [Fact]
    public void The_transform_of_the_composition_has_the_bytes_of_the_reference()
    {
        var composed = GoldenImages.Read(Folder, "composed.png");
        var tiled = HighDefinitionTiling.Apply(composed, VideoComposition.LayoutOf(composed.Width, composed.Height, 560), 560, None);
        GoldenImages.AssertEqual(GoldenImages.Read(Folder, "preprocessed_video.png"), tiled.Pixels);
    }

    [Fact]
    public void Sizes_are_those_of_the_reference()
    {
        var blank = new Dictionary<(int, int), Image>();
        foreach (var item in GoldenFiles.Read("preprocess/video", "cases.json").GetProperty("compose_and_transform_sizes").EnumerateArray())
        {
            var size = (item.GetProperty("frame_wh")[0].GetInt32(), item.GetProperty("frame_wh")[1].GetInt32());
            var frame = blank.TryGetValue(size, out var known) ? known : blank[size] = TestImages.Black(size.Item1, size.Item2);
            var composed = VideoComposition.Compose([.. Enumerable.Repeat(frame, item.GetProperty("frames").GetInt32())], 560, None);
            Assert.Equal((item.GetProperty("composed_wh")[0].GetInt32(), item.GetProperty("composed_wh")[1].GetInt32()),
                (composed.Width, composed.Height));

            var layout = VideoComposition.LayoutOf(composed.Width, composed.Height, 560);
            Assert.Equal((item.GetProperty("tiles_w").GetInt32(), item.GetProperty("tiles_h").GetInt32()), (layout.Columns, layout.Rows));
            Assert.Equal((item.GetProperty("final_wh")[0].GetInt32(), item.GetProperty("final_wh")[1].GetInt32()),
                (layout.Columns * 560, layout.Rows * 560));
        }
    }

    [Fact]
    public void Frames_beside_each_other_are_parted_by_a_black_line_and_numbered()
    {
        var composed = VideoComposition.Compose([TestImages.Black(10, 20), TestImages.Black(10, 20)], 560, None);

        Assert.Equal((1140, 1160), (composed.Width, composed.Height));
        foreach (var (x, isBlack) in new[] { (559, true), (560, false), (564, false),
            (565, true), (566, true), (567, false), (570, true), (1130, false) })
        {
            Assert.Equal(isBlack ? (byte)0 : (byte)255, composed.At(x, 600).Red);
        }

        Assert.SkipUnless(VideoComposition.HasLabels, "The system has no font.");
        Assert.NotEqual(Ink(composed, 0), Ink(composed, 570));
        Assert.InRange(Ink(composed, 0), 200_000, 2_000_000);
    }

    [Fact]
    public void All_lengths_scale_with_the_tile()
    {
        var tiled = VideoComposition.Tile([TestImages.Noise(64, 32), TestImages.Noise(64, 32)], 56, None);
        // Two slots of 56 + 4 + 1 rows, 112 wide: 122 high; one tile of 56 across and 61 along.
        Assert.Equal((1, 2, 56), (tiled.Columns, tiled.Rows, tiled.Tile));
    }

    [Fact]
    public void Frames_without_a_pixel_across_are_an_error() =>
        Assert.Throws<VideoException>(() => VideoComposition.Tile([TestImages.Black(3000, 1)], 560, None));

    private static int Ink(Image picture, int left) =>
        Enumerable.Range(0, 40).Sum(y => Enumerable.Range(left, 300).Where(x => x is < 564 or > 567).Sum(x => 255 - picture.At(x, y).Red));
}
