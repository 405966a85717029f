using BestOfN.Core.Prompts;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Videos;

namespace BestOfN.Inference.ImageCache;

/// <summary>Images and videos from files.</summary>
public static class ImageFile
{
    private static readonly string[] s_images = [".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"];
    private static readonly string[] s_videos = [".mp4", ".avi", ".mkv", ".mov", ".wmv", ".webm"];

    /// <summary>Reads a file of whichever kind its extension says, as the published code does. A GIF is an image.</summary>
    /// <exception cref="InvalidDataException">The extension is none of the known ones.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ContentPart Read(string path)
    {
        var extension = Path.GetExtension(path).ToLowerInvariant();
        return s_images.Contains(extension) ? ReadImage(path)
            : s_videos.Contains(extension) ? ReadVideo(path)
            : throw new InvalidDataException(
                $"{path}: expected a picture ({string.Join(' ', s_images)}) or a video ({string.Join(' ', s_videos)})");
    }

    /// <exception cref="IOException">The file cannot be read, is not a regular file, or is too large.</exception>
    public static ImagePart ReadImage(string path) => new(RegularFile.ReadAllBytes(path, ImageLimits.MostBytes)) { Source = path };

    /// <inheritdoc cref="ReadImage"/>
    public static VideoPart ReadVideo(string path) => new(RegularFile.ReadAllBytes(path, (int)VideoLimits.Default.Bytes)) { Source = path };
}
