using BestOfN.Core.Prompts;
using BestOfN.Inference.ImageCache;

namespace BestOfN.Inference.Scoring;

/// <summary>A picture or video of a row, in a file that is read when the row's turn has come.</summary>
internal sealed record RowPicture(string Path, bool IsVideo) : ContentPart
{
    /// <exception cref="IOException">The file cannot be read.</exception>
    public ContentPart Read() => IsVideo ? ImageFile.ReadVideo(Path) : ImageFile.ReadImage(Path);
}
