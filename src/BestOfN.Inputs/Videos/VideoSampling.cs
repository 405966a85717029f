namespace BestOfN.Inputs.Videos;

/// <summary>Chooses the frames of a video that the model sees.</summary>
public static class VideoSampling
{
    /// <summary>About one frame per second from the first on; if these are more than
    /// <paramref name="sampled"/>, that many of them, evenly spaced.</summary>
    /// <param name="frames">Frames in the video.</param>
    /// <param name="framesPerSecond">Average over the video.</param>
    /// <returns>Indices of frames, ascending.</returns>
    /// <exception cref="VideoException">The video has no frame, or so few per second that the published rule is undefined.</exception>
    public static IReadOnlyList<int> Indices(int frames, double framesPerSecond, int sampled)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sampled, 1);
        if (frames < 1)
        {
            throw new VideoException("The video has no frame.");
        }

        var stride = Math.Round(framesPerSecond, MidpointRounding.ToEven);
        if (!(stride >= 1))
        {
            throw new VideoException(
                FormattableString.Invariant($"The video has {framesPerSecond:0.###} frames per second; more than 0.5 are needed."));
        }

        var step = (int)Math.Min(stride, int.MaxValue);
        var positions = ((frames - 1) / step) + 1;
        if (positions <= sampled)
        {
            return [.. Enumerable.Range(0, positions).Select(i => i * step)];
        }

        var spacing = (double)positions / (sampled + 1);
        return [.. Enumerable.Range(0, sampled).Select(i => (int)(i * spacing) * step)];
    }
}
