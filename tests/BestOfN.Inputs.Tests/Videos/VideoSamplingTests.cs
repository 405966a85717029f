using BestOfN.Inputs.Videos;
using BestOfN.Testing;

namespace BestOfN.Inputs.Tests.Videos;

public sealed class VideoSamplingTests
{
    [Fact]
    public void Frames_are_those_that_the_reference_takes()
    {
        foreach (var item in GoldenFiles.Read("preprocess/video", "cases.json").GetProperty("frame_sampling").EnumerateArray())
        {
            var indices = VideoSampling.Indices(
                item.GetProperty("total_frames").GetInt32(), item.GetProperty("avg_fps").GetDouble(),
                    item.GetProperty("num_frm").GetInt32());
            Assert.Equal(item.GetProperty("indices").EnumerateArray().Select(e => e.GetInt32()), indices);
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0)]
    [InlineData(double.NaN)]
    public void Too_few_frames_per_second_are_an_error(double framesPerSecond) =>
        Assert.Contains("frames per second", Assert.Throws<VideoException>(() => VideoSampling.Indices(10, framesPerSecond, 32)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_rate_beyond_all_numbers_takes_the_first_frame() => Assert.Equal([0], VideoSampling.Indices(10, 1e300, 32));
}
