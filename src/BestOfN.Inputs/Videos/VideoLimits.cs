namespace BestOfN.Inputs.Videos;

/// <summary>How large a video may be and what reading it may cost.</summary>
public sealed record VideoLimits
{
    /// <summary>The default limits.</summary>
    public static VideoLimits Default { get; } = new();

    /// <summary>Bytes of the encoded file.</summary>
    public long Bytes { get; init; } = 64 << 20;

    /// <summary>Width times height of one frame.</summary>
    public int Pixels { get; init; } = 3840 * 2160;

    /// <summary>Frames in the file, before sampling.</summary>
    public int Frames { get; init; } = 200_000;

    /// <summary>Bytes of all sampled frames together, three per pixel.</summary>
    public long FrameBytes { get; init; } = 1L << 30;

    /// <summary>Frames to take at most, evenly over the video: num_frm of the published code.</summary>
    public int SampledFrames { get; init; } = 32;

    /// <summary>Wall-clock time for reading one video.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Address space of the decoding process in bytes.</summary>
    public long ProcessMemory { get; init; } = 3L << 30;
}
