using BestOfN.Core.Prompts;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Videos;

namespace BestOfN.Inference.ImageCache;

/// <summary>From a sent file to tiles: decoding, resizing, padding. Thread-safe; touches no device.</summary>
internal static class PicturePreparation
{
    /// <param name="part">A picture or a video.</param>
    /// <param name="key">How to read it.</param>
    /// <param name="tile">Side of a tile in pixels.</param>
    /// <param name="cancellationToken">Nobody waits for it any more: a video's process is killed, its files go.</param>
    /// <exception cref="ImageException">The picture cannot be used.</exception>
    /// <exception cref="VideoException">The video cannot be used, or ffmpeg is not installed.</exception>
    public static async Task<TiledImage> PrepareAsync(ContentPart part, PictureKey key, int tile, CancellationToken cancellationToken)
    {
        if (part is VideoPart video)
        {
            var sampled = await VideoReader.ReadAsync(video.Content, VideoLimits.Default, cancellationToken);
            return VideoComposition.Tile(sampled.Frames, tile, cancellationToken);
        }

        var picture = ImageDecoder.Decode(((ImagePart)part).Content, ImageLimits.Default, key.Orientation, cancellationToken);
        return HighDefinitionTiling.Apply(picture, key.HdNum, tile, TilingVariant.Inference, cancellationToken);
    }
}
