namespace BestOfN.Inputs.Images;

/// <summary>A picture cannot be used: it is damaged, of an unknown format, or beyond a limit. The message is fit for the sender.</summary>
public sealed class ImageException : Exception
{
    public ImageException(string message, Exception? innerException = null) : base(message, innerException) { }
}
