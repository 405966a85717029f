using System.Text;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Cleaning;

/// <summary>Images and videos that records name: by a path, or as a <c>data:</c> URI.</summary>
/// <param name="root">The folder that paths begin in.</param>
internal sealed class ImageFiles(string root)
{
    private const int Largest = 1 << 30;

    /// <exception cref="FormatException">The data URI is malformed.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public ReadOnlyMemory<byte> Read(CorpusImage image)
    {
        if (image.Content is { } attached)
        {
            return attached;
        }

        if (!image.Name.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return RegularFile.ReadAllBytes(Path.Combine(root, image.Name), Largest);
        }

        return DataUri.TryParse(Encoding.UTF8.GetBytes(image.Name), out var uri) && uri.TryDecode(out var content)
            ? content
            : throw new FormatException("The data: URI is not valid base64.");
    }
}
