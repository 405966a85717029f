namespace BestOfN.Data.Cleaning;

/// <summary>An image or a video of a record.</summary>
/// <param name="Name">A path or a data URL; for content that stands in the corpus itself, the name that it has there.</param>
/// <param name="Content">The file, where it stands in the corpus itself.</param>
internal sealed record CorpusImage(string Name, ReadOnlyMemory<byte>? Content = null)
{
    private static readonly string[] s_videos = [".mp4", ".webm", ".mov", ".mkv", ".avi", ".gif"];

    public bool IsVideo => s_videos.Contains(Path.GetExtension(Name), StringComparer.OrdinalIgnoreCase);
}
