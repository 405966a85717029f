using BestOfN.Inputs.Files;

namespace BestOfN.Data.Cleaning;

/// <summary>Images and videos that records name: by a path, or as a data URL.</summary>
/// <param name="root">The folder that paths begin in.</param>
internal sealed class ImageFiles(string root)
{
    private const int Largest = 1 << 30;

    private static readonly string[] s_videos = [".mp4", ".webm", ".mov", ".mkv", ".avi", ".gif"];

    public static bool IsVideo(string image) => s_videos.Contains(Path.GetExtension(image), StringComparer.OrdinalIgnoreCase);

    /// <exception cref="FormatException">The data URL is none.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public byte[] Read(string image) => image.StartsWith("data:", StringComparison.Ordinal)
        ? Convert.FromBase64String(image[(image.IndexOf(',', StringComparison.Ordinal) + 1)..])
        : RegularFile.ReadAllBytes(Path.Combine(root, image), Largest);
}
