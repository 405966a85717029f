namespace BestOfN.Inputs.Videos;

/// <summary>ffmpeg or ffprobe is not installed, so that no video can be read. The fault is the server's, not the sender's.</summary>
public sealed class VideoToolMissingException : VideoException
{
    public VideoToolMissingException(string tool, Exception? innerException = null)
        : base($"Videos need {tool}, which is not installed: apt-get install ffmpeg", innerException) { }
}
