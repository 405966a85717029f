using BestOfN.Inputs.Images;

namespace BestOfN.Inputs.Videos;

/// <summary>The frames of a video that are looked at.</summary>
/// <param name="Frames">At least one, in order of time, of the video's size.</param>
/// <param name="Indices">Which frames of the video they are.</param>
/// <param name="FrameCount">Frames in the video.</param>
/// <param name="FramesPerSecond">Average over the video.</param>
public sealed record SampledVideo(IReadOnlyList<Image> Frames, IReadOnlyList<int> Indices, int FrameCount, double FramesPerSecond);
