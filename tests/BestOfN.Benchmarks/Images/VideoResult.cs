namespace BestOfN.Benchmarks.Images;

/// <summary>Medians of reading one video.</summary>
internal sealed record VideoResult
{
    public required double VideoSeconds { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    public required string Codec { get; init; }

    /// <summary>Frames that were looked at.</summary>
    public required int SampledFrames { get; init; }

    public required int Tiles { get; init; }

    public required int Rounds { get; init; }

    /// <summary>ffmpeg: probing, decoding, sampling.</summary>
    public required double ReadSeconds { get; init; }

    /// <summary>Resizing, labelling, composing, tiling.</summary>
    public required double ComposeSeconds { get; init; }

    /// <summary>Seconds of video for each second of work.</summary>
    public double RealTimeFactor => VideoSeconds / (ReadSeconds + ComposeSeconds);
}
