using System.Text;
using BestOfN.Inputs.Tests.Images;
using BestOfN.Inputs.Videos;

namespace BestOfN.Inputs.Tests.Videos;

public sealed class VideoReaderTests
{
    private const string Clock = "testsrc=size=96x54:rate=10:duration=5";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a.mp4", "mpeg4")]
    [InlineData("a.mov", "mjpeg")]
    [InlineData("a.webm", "libvpx")]
    [InlineData("a.mkv", "mpeg4")]
    [InlineData("a.avi", "mjpeg")]
    [InlineData("a.gif", "gif")]
    public async Task Reads_one_frame_per_second(string name, string codec)
    {
        var content = await FFmpeg.MakeAsync(Clock, name, "-c:v", codec);

        var video = await VideoReader.ReadAsync(content, VideoLimits.Default, Cancel);

        Assert.Equal([0, 10, 20, 30, 40], video.Indices);
        Assert.Equal((50, 10.0), (video.FrameCount, video.FramesPerSecond));
        Assert.All(video.Frames, frame => Assert.Equal((96, 54), (frame.Width, frame.Height)));
        Assert.Equal(5, video.Frames.Select(frame => Convert.ToHexString(frame.Pixels.Span)).Distinct().Count());
    }

    [Fact]
    public async Task Reading_a_video_returns_the_frames_at_the_sampled_indices()
    {
        // Frame n has the grey 5 n, without loss.
        var content = await FFmpeg.MakeAsync(
            "color=black:size=32x16:rate=10:duration=5,format=gray,geq=lum=5*N,format=rgb24", "a.mkv", "-c:v", "png");

        var video = await VideoReader.ReadAsync(content, VideoLimits.Default with { SampledFrames = 3 }, Cancel);

        Assert.Equal([0, 10, 20], video.Indices);
        Assert.Equal([0, 50, 100], video.Frames.Select(frame => (int)frame.At(3, 3).Red));
    }

    [Fact]
    public async Task A_file_is_read_where_it_is_whatever_its_name()
    {
        var content = await FFmpeg.MakeAsync(Clock, "a.mp4", "-c:v", "mpeg4");
        var folder = Directory.CreateTempSubdirectory("bestofn-test-");
        try
        {
            var path = Path.Combine(folder.FullName, "-i concat:$(touch x);\"'.mp4");
            await File.WriteAllBytesAsync(path, content, Cancel);
            Assert.Equal(5, (await VideoReader.ReadAsync(path, VideoLimits.Default, Cancel)).Frames.Count);
            Assert.Single(Directory.GetFiles(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n", "known format")]
    [InlineData("ffconcat version 1.0\nfile /etc/passwd\n", "known format")]
    [InlineData("", "known format")]
    [InlineData("\0\0\0\u0018ftypmp42\0\0\0\0mp42isom\n#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x\n", "truncated|opened")]
    [InlineData("GIF89a\n#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "opened|no video|frame|size")]
    public async Task A_playlist_is_never_followed(string text, string message)
    {
        FFmpeg.SkipIfMissing();
        var exception = await Assert.ThrowsAsync<VideoException>(
            () => VideoReader.ReadAsync(Encoding.Latin1.GetBytes(text), VideoLimits.Default, Cancel));
        Assert.Matches(message, exception.Message);
    }

    [Theory]
    [InlineData("a.mp4", "-movflags", "+faststart")]
    [InlineData("a.mp4", "-movflags", "+empty_moov+default_base_moof")]
    [InlineData("a.gif", "-f", "gif")]
    public async Task A_truncated_video_is_an_error_or_a_shorter_video(string name, string option, string value)
    {
        var content = await FFmpeg.MakeAsync(
            Clock, name, "-c:v", name.EndsWith("gif", StringComparison.Ordinal) ? "gif" : "mpeg4", option, value);
        foreach (var part in new[] { 0.01, 0.3, 0.6, 0.9 })
        {
            try
            {
                var video = await VideoReader.ReadAsync(content.AsMemory(0, (int)(content.Length * part)), VideoLimits.Default, Cancel);
                Assert.True(video.FrameCount < 50 && value != "+faststart", $"{part} of {name} was taken for the whole.");
            }
            catch (VideoException)
            {
                // Most damaged files must fail this way.
            }
        }
    }

    [Fact]
    public async Task Damaged_videos_give_a_clear_error_or_frames()
    {
        var random = new Random(5);
        var content = await FFmpeg.MakeAsync(Clock, "a.webm", "-c:v", "libvpx");
        for (var round = 0; round < 12; round++)
        {
            var damaged = content.ToArray();
            for (var i = 0; i < 1 << (round % 6); i++)
            {
                damaged[random.Next(4, damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                Assert.NotEmpty((await VideoReader.ReadAsync(damaged, VideoLimits.Default, Cancel)).Frames);
            }
            catch (VideoException)
            {
            }
        }
    }

    [Fact]
    public async Task An_exceeded_limit_is_an_error_that_names_the_limit_and_the_value()
    {
        var content = await FFmpeg.MakeAsync(Clock, "a.mp4", "-c:v", "mpeg4");
        await Refuse(VideoLimits.Default with { Bytes = 100 }, "at most 100 are allowed");
        await Refuse(VideoLimits.Default with { Pixels = 1000 }, "pixels|opened");
        await Refuse(VideoLimits.Default with { Frames = 49 }, "50 frames");
        await Refuse(VideoLimits.Default with { FrameBytes = 5 * 96 * 54 * 3 - 1 }, "5 frames of 96 x 54");

        async Task Refuse(VideoLimits limits, string message) =>
            Assert.Matches(
                message, (await Assert.ThrowsAsync<VideoException>(() => VideoReader.ReadAsync(content, limits, Cancel))).Message);
    }

    [Fact]
    public async Task Reading_ends_when_its_time_is_up_and_leaves_nothing_behind()
    {
        var content = await FFmpeg.MakeAsync("testsrc=size=640x360:rate=30:duration=60", "a.mp4", "-c:v", "mpeg4");
        var before = Folders();
        var exception = await Assert.ThrowsAsync<VideoException>(
            () => VideoReader.ReadAsync(content, VideoLimits.Default with { Time = TimeSpan.FromMilliseconds(20) }, Cancel));
        Assert.Contains("longer than 0.02 s", exception.Message, StringComparison.Ordinal);

        using var abandoned = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => VideoReader.ReadAsync(content, VideoLimits.Default, abandoned.Token));

        // Other tests read videos at the same time; their folders go away in a while.
        var left = Folders().Except(before).ToArray();
        for (var tenths = 0; tenths < 600 && left.Any(Directory.Exists); tenths++)
        {
            await Task.Delay(100, Cancel);
        }

        Assert.DoesNotContain(left, Directory.Exists);

        static string[] Folders() => Directory.GetDirectories(Path.GetTempPath(), "bestofn-video-*");
    }

    [Fact]
    public async Task The_decoder_gets_no_more_memory_than_allowed()
    {
        var content = await FFmpeg.MakeAsync(Clock, "a.mp4", "-c:v", "mpeg4");
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Limits of address space are Linux's.");
        await Assert.ThrowsAsync<VideoException>(
            () => VideoReader.ReadAsync(content, VideoLimits.Default with { ProcessMemory = 1 << 20 }, Cancel));
    }

    [Fact]
    public void A_missing_tool_is_told_with_how_to_install_it()
    {
        var exception = Assert.Throws<VideoToolMissingException>(
            () => VideoProcess.Start("ffmpeg-that-is-not-there", [], VideoLimits.Default));
        Assert.Contains("apt-get install ffmpeg", exception.Message, StringComparison.Ordinal);
    }
}
