using System.ComponentModel;
using System.Diagnostics;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Videos;

namespace BestOfN.Benchmarks.Images;

/// <summary>From the bytes of a video, which it makes itself, to the tiles that the published tower would see.</summary>
internal static class VideoBenchmark
{
    private const int Rounds = 5;
    private const int Seconds = 10;

    /// <returns>Null where ffmpeg is not installed, or cannot make the video.</returns>
    public static async Task<VideoResult?> MeasureAsync()
    {
        var folder = Directory.CreateTempSubdirectory("bestofn-benchmark-");
        try
        {
            var path = Path.Combine(folder.FullName, "test.mp4");
            return await MakeAsync(path) is { } codec ? await MeasureAsync(await File.ReadAllBytesAsync(path), codec) : null;
        }
        catch (Exception e) when (e is Win32Exception or VideoToolMissingException)
        {
            return null;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<VideoResult> MeasureAsync(byte[] content, string codec)
    {
        var (reading, composing) = (new List<double>(), new List<double>());
        while (true)
        {
            var clock = Stopwatch.StartNew();
            var video = await VideoReader.ReadAsync(content, VideoLimits.Default, CancellationToken.None);
            var read = clock.Elapsed;
            var tiled = VideoComposition.Tile(video.Frames, HighDefinitionTiling.PublishedTile, CancellationToken.None);
            reading.Add(read.TotalSeconds);
            composing.Add((clock.Elapsed - read).TotalSeconds);
            if (reading.Count > Rounds)
            {
                return new VideoResult
                {
                    VideoSeconds = video.FrameCount / video.FramesPerSecond,
                    Width = video.Frames[0].Width,
                    Height = video.Frames[0].Height,
                    Codec = codec,
                    SampledFrames = video.Frames.Count,
                    Tiles = tiled.Rows * tiled.Columns,
                    Rounds = Rounds,
                    ReadSeconds = Samples.Median(reading[1..]),       // the first compiled the code and filled the caches of files
                    ComposeSeconds = Samples.Median(composing[1..]),
                };
            }
        }
    }

    /// <summary>Makes the video with the first encoder that this ffmpeg has, and tells which.</summary>
    private static async Task<string?> MakeAsync(string path)
    {
        foreach (var encoder in (string[])["libx264", "mpeg4"])
        {
            var start = new ProcessStartInfo(
                "ffmpeg",
                [
                    "-nostdin", "-v", "quiet", "-y", "-f", "lavfi", "-i", FormattableString.Invariant(
                        $"testsrc2=size=640x360:rate=30:duration={Seconds}"),
                    "-c:v", encoder, "-pix_fmt", "yuv420p", path,
                ]);
            using var process = Process.Start(start)!;
            await process.WaitForExitAsync();
            if (process.ExitCode == 0)
            {
                return encoder;
            }
        }

        return null;
    }
}
