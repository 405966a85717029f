using System.Globalization;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Images;

namespace BestOfN.Inputs.Videos;

/// <summary>Reads frames of MP4, MOV, WebM, Matroska, AVI and GIF through ffmpeg. Thread-safe.</summary>
/// <remarks>ffmpeg runs as a process of its own that may read this one file, through one demuxer chosen here by the file's first bytes, and
/// nothing else: no network, no playlists, no references to other files. Steps: 1 find the format, 2
/// count the frames, 3 choose frames, 4 decode them.</remarks>
public static class VideoReader
{
    private const string Decoders =
        "h264,hevc,av1,libdav1d,libaom-av1,vp8,vp9,libvpx,libvpx-vp9,mpeg4,mpeg2video,mpeg1video,h263,msmpeg4v3,mjpeg,gif,prores,"
        + "theora,ffv1,rawvideo,png,"
        + "aac,ac3,eac3,mp3,mp3float,opus,libopus,vorbis,libvorbis,flac,alac,pcm_s16le,pcm_s16be,pcm_u8";

    /// <summary>Reads a video that is in memory. It is written to a temporary file, which is deleted at the end.</summary>
    /// <exception cref="VideoException">The video is of an unknown format, damaged, truncated or beyond a limit.</exception>
    /// <exception cref="VideoToolMissingException">ffmpeg is not installed.</exception>
    public static async Task<SampledVideo> ReadAsync(ReadOnlyMemory<byte> content, VideoLimits limits, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(limits);
        CheckLength(content.Length, limits);
        var demuxer = Demuxer(content.Span);
        var folder = Directory.CreateTempSubdirectory("bestofn-video-");
        try
        {
            var path = Path.Combine(folder.FullName, "video");
            await File.WriteAllBytesAsync(path, content, cancellationToken);
            return await ReadAsync(path, demuxer, limits, cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Reads a video file where it is.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <inheritdoc cref="ReadAsync(ReadOnlyMemory{byte}, VideoLimits, CancellationToken)"/>
    public static async Task<SampledVideo> ReadAsync(string path, VideoLimits limits, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(limits);
        var start = new byte[64];
        int length;
        await using (var file = RegularFile.Open(path))
        {
            CheckLength(file.Length, limits);
            length = await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
        }

        return await ReadAsync(Path.GetFullPath(path), Demuxer(start.AsSpan(0, length)), limits, cancellationToken);
    }

    private static async Task<SampledVideo> ReadAsync(string path, string demuxer, VideoLimits limits, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limits.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var stream = await ProbeAsync(path, demuxer, "-count_packets", limits, both.Token);
            try
            {
                return await SampleAsync(path, demuxer, stream, stream.Packets, limits, both.Token);
            }
            catch (FewerFramesException)
            {
                // Packets that an edit list or a codec hides are no frames: count by decoding.
                var decoded = await ProbeAsync(path, demuxer, "-count_frames", limits, both.Token);
                return await SampleAsync(path, demuxer, stream, decoded.Packets, limits, both.Token);
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new VideoException(
                FormattableString.Invariant($"Reading the video took longer than {limits.Time.TotalSeconds:0.###} s."));
        }
    }

    private static void CheckLength(long bytes, VideoLimits limits)
    {
        if (bytes > limits.Bytes)
        {
            throw new VideoException($"The video has {bytes} bytes; at most {limits.Bytes} are allowed.");
        }
    }

    // ffmpeg guesses formats by itself, and some of them (playlists) name other files. So it never guesses.
    private static string Demuxer(ReadOnlySpan<byte> start)
    {
        if (start.Length >= 12
            && (start[4..8].SequenceEqual("ftyp"u8) || start[4..8].SequenceEqual("moov"u8) || start[4..8].SequenceEqual("mdat"u8)
            || start[4..8].SequenceEqual("wide"u8) || start[4..8].SequenceEqual("free"u8)))
        {
            return "mov";
        }

        return start switch
        {
            [0x1A, 0x45, 0xDF, 0xA3, ..] => "matroska",
            [(byte)'G', (byte)'I', (byte)'F', (byte)'8', (byte)'7' or (byte)'9', (byte)'a', ..] => "gif",
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'A', (byte)'V', (byte)'I', (byte)' ', ..] => "avi",
            _ => throw new VideoException("The file is not a video of a known format: MP4, MOV, WebM, Matroska, AVI or GIF is expected."),
        };
    }

    private static string[] Input(string path, string demuxer, VideoLimits limits) =>
    [
        "-v", "error", "-threads", "2", "-protocol_whitelist", "file", "-format_whitelist", demuxer, "-codec_whitelist", Decoders,
        "-max_pixels", Text(limits.Pixels), "-f", demuxer,
    ];

    private static async Task<VideoStream> ProbeAsync(
        string path, string demuxer, string count, VideoLimits limits, CancellationToken cancellationToken)
    {
        using var process = VideoProcess.Start(
            "ffprobe",
            [
                .. Input(path, demuxer, limits), count, "-select_streams", "V:0", "-of", "json",
                "-show_entries", "stream=width,height,avg_frame_rate,nb_frames,nb_read_packets,nb_read_frames", "file:" + path,
            ],
            limits);
        var output = new byte[1 << 16];
        var length = await process.Output.ReadAtLeastAsync(output, output.Length, throwOnEndOfStream: false, cancellationToken);
        if (length == output.Length)
        {
            throw new VideoException("The video declares too many streams.");
        }

        var (code, errors) = await process.EndAsync(cancellationToken);
        if (errors.Contains("partial file", StringComparison.Ordinal) || errors.Contains("ended prematurely", StringComparison.Ordinal)
            || errors.Contains("moov atom not found", StringComparison.Ordinal))
        {
            throw new VideoException("The video is truncated: the file ends before its last frame.");
        }

        if (code != 0)
        {
            throw new VideoException("The video could not be opened: it is damaged, or uses a codec that is not supported.");
        }

        var stream = VideoStream.Read(output.AsMemory(0, length));
        if ((long)stream.Width * stream.Height > limits.Pixels)
        {
            throw new VideoException(
                $"The video declares {stream.Width} x {stream.Height} pixels; at most {limits.Pixels} pixels are allowed.");
        }

        if (stream.Packets > limits.Frames)
        {
            throw new VideoException($"The video has {stream.Packets} frames; at most {limits.Frames} are allowed.");
        }

        if (stream.DeclaredFrames > stream.Packets && count == "-count_packets")
        {
            throw new VideoException($"The video is truncated: it declares {stream.DeclaredFrames} frames and has {stream.Packets}.");
        }

        return stream;
    }

    private static async Task<SampledVideo> SampleAsync(
        string path, string demuxer, VideoStream stream, int frameCount, VideoLimits limits, CancellationToken cancellationToken)
    {
        var indices = VideoSampling.Indices(frameCount, stream.FramesPerSecond, limits.SampledFrames);
        var bytes = (long)stream.Width * stream.Height * 3 * indices.Count;
        if (bytes > limits.FrameBytes)
        {
            throw new VideoException(
                $"{indices.Count} frames of {stream.Width} x {stream.Height} pixels take "
                    + $"{bytes} bytes; at most {limits.FrameBytes} are allowed.");
        }

        // Renumbered at a constant rate, so that no frame is doubled or dropped on output.
        var select = string.Join('+', indices.Select(i => $"eq(n\\,{Text(i)})"));
        using var process = VideoProcess.Start(
            "ffmpeg",
            [
                "-nostdin", .. Input(path, demuxer, limits), "-i", "file:" + path, "-map", "0:V:0", "-an", "-sn", "-dn",
                "-vf", $"select={select},settb=1/25,setpts=N", "-r", "25", "-frames:v", Text(indices.Count),
                "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1",
            ],
            limits);
        var frames = new List<Image>(indices.Count);
        var left = limits.FrameBytes;
        while (frames.Count < indices.Count
            && await PortablePixmap.ReadAsync(process.Output, Math.Min(left, (long)limits.Pixels * 3), cancellationToken) is { } frame)
        {
            frames.Add(frame);
            left -= frame.Pixels.Length;
        }

        if (frames.Count == indices.Count)
        {
            return new(frames, indices, frameCount, stream.FramesPerSecond);
        }

        var (code, errors) = await process.EndAsync(cancellationToken);
        throw code == 0 && errors.Length == 0 && frameCount == stream.Packets
            ? new FewerFramesException()
            : new VideoException($"The video is damaged: of {indices.Count} frames {frames.Count} could be decoded.");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The file has fewer frames than packets.</summary>
    private sealed class FewerFramesException() : Exception("The video has fewer frames than packets.");
}
