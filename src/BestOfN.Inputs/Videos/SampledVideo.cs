using BestOfN.Inputs.Images;

namespace BestOfN.Inputs.Videos;

/// <summary>The sampled frames of a video.</summary>
/// <param name="Frames">At least one, in order of time, of the video's size.</param>
/// <param name="Indices">Positions of these frames in the video.</param>
/// <param name="FrameCount">Frames in the video.</param>
/// <param name="FramesPerSecond">Average over the video.</param>
public sealed record SampledVideo(IReadOnlyList<Image> Frames, IReadOnlyList<int> Indices, int FrameCount, double FramesPerSecond);
