namespace BestOfN.Inputs.Videos;

/// <summary>A video cannot be used: it is damaged, of an unknown format, or beyond a limit. The message is fit for the sender.</summary>
public class VideoException : Exception
{
    public VideoException(string message, Exception? innerException = null) : base(message, innerException) { }
}
