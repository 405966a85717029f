using BestOfN.Data.Preferences;
using BestOfN.Inference.Networks.Vision;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Images;

namespace BestOfN.Training.Preference;

/// <summary>Reads a pair's images and puts its tokens together.</summary>
/// <param name="assembly">How messages become tokens.</param>
/// <param name="images">Sizes of the vision encoder; null where the model sees text only.</param>
/// <param name="maximumTiles">hd_num of a single image.</param>
/// <param name="vocabulary">Rows of the embedding.</param>
internal sealed class PairReader(ConversationAssembly assembly, VisionConfiguration? images, int maximumTiles, int vocabulary)
{
    // The published code sets it whenever there is more than one image.
    private const int TilesOfSeveral = 6;

    /// <exception cref="PreferenceDataException">An image cannot be read, or the model sees none; the message names the pair.</exception>
    public JudgedPair Read(PreferencePair pair, TilingVariant variant, CancellationToken cancellationToken)
    {
        if (pair.Pictures.Count > 0 && images is null)
        {
            throw new PreferenceDataException($"pair {pair.Id}: has pictures, and the model has no vision encoder.");
        }

        var tiled = pair.Pictures.Select(path => Tile(pair, path, variant, cancellationToken)).ToArray();
        int[] tokens = [.. tiled.Select(t => t.TokenCount(images!.Cells))];
        var judged = new JudgedPair(assembly.Assemble(pair.Chosen, tokens), assembly.Assemble(pair.Rejected, tokens), tiled);
        return judged.Chosen.Ids.Concat(judged.Rejected.Ids).Max() is var highest && highest < vocabulary ? judged
            : throw new PreferenceDataException(
                $"pair {pair.Id}: token {highest}: expected less than {vocabulary}, the rows of the embedding.");
    }

    private TiledImage Tile(PreferencePair pair, string path, TilingVariant variant, CancellationToken cancellationToken)
    {
        try
        {
            var image =
                ImageDecoder.Decode(RegularFile.ReadAllBytes(path, ImageLimits.Default.Bytes), ImageLimits.Default, cancellationToken);
            return HighDefinitionTiling.Apply(
                image, pair.Pictures.Count > 1 ? TilesOfSeveral : maximumTiles, images!.ImageSize, variant, cancellationToken);
        }
        catch (Exception e) when (e is ImageException or IOException or UnauthorizedAccessException)
        {
            throw new PreferenceDataException($"pair {pair.Id}: {path}: {e.Message}", e);
        }
    }
}
