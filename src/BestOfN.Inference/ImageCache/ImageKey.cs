using System.Security.Cryptography;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Images;

namespace BestOfN.Inference.ImageCache;

/// <summary>What makes two images the same to a model: the bytes sent, how they are read, and how finely they are cut.</summary>
/// <param name="Hash">SHA-256 of the encoded file, hexadecimal.</param>
/// <param name="IsVideo">Read as a video rather than as an image: a GIF can be either.</param>
/// <param name="HdNum">Largest number of tiles of an image; a video's layout does not depend on it.</param>
/// <param name="Orientation">Whether EXIF data turn the image.</param>
public readonly record struct ImageKey(string Hash, bool IsVideo, int HdNum, ImageOrientation Orientation)
{
    /// <exception cref="ArgumentException">The part is neither an image nor a video.</exception>
    public static ImageKey Of(ContentPart part, int hdNum, ImageOrientation orientation = ImageOrientation.AsShown) => part switch
    {
        ImagePart image => new(Convert.ToHexString(SHA256.HashData(image.Content.Span)), false, hdNum, orientation),
        VideoPart video => new(Convert.ToHexString(SHA256.HashData(video.Content.Span)), true, 0, ImageOrientation.AsShown),
        _ => throw new ArgumentException("Expected a picture or a video.", nameof(part)),
    };
}
