using BestOfN.Core.Prompts;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Videos;

namespace BestOfN.Inputs.Records;

/// <summary>An image or a video of a row, in a file that is read when it is needed.</summary>
/// <param name="Path">The file.</param>
/// <param name="IsVideo">It is a video.</param>
internal sealed record MediaFilePart(string Path, bool IsVideo) : ContentPart
{
    /// <exception cref="IOException">The file cannot be read, is not a regular file, or is too large.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public ContentPart Read() => IsVideo
        ? new VideoPart(RegularFile.ReadAllBytes(Path, (int)VideoLimits.Default.Bytes)) { Source = Path }
        : new ImagePart(RegularFile.ReadAllBytes(Path, ImageLimits.MostBytes)) { Source = Path };

    /// <summary>The prompt with the contents of its files.</summary>
    /// <inheritdoc cref="Read"/>
    public static Prompt ReadAll(IReadOnlyList<ChatMessage> messages) =>
        new([.. messages.Select(m => m with { Parts = [.. m.Parts.Select(p => p is MediaFilePart file ? file.Read() : p)] })]);
}
