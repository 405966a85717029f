using System.Text;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Cleaning;

/// <summary>Images and videos that records name: by a path, or as a <c>data:</c> URI.</summary>
/// <param name="root">The folder that paths begin in.</param>
internal sealed class ImageFiles(string root)
{
    private const int Largest = 1 << 30;

    private static readonly string[] s_videos = [".mp4", ".webm", ".mov", ".mkv", ".avi", ".gif"];

    public static bool IsVideo(string image) => s_videos.Contains(Path.GetExtension(image), StringComparer.OrdinalIgnoreCase);

    /// <exception cref="FormatException">The data URI is malformed.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public byte[] Read(string image)
    {
        if (!image.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return RegularFile.ReadAllBytes(Path.Combine(root, image), Largest);
        }

        return DataUri.TryParse(Encoding.UTF8.GetBytes(image), out var uri) && uri.TryDecode(out var content)
            ? content.ToArray()
            : throw new FormatException("The data: URI is not valid base64.");
    }
}
