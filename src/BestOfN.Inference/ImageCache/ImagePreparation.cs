using BestOfN.Core.Prompts;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Videos;

namespace BestOfN.Inference.ImageCache;

/// <summary>From a sent file to tiles: decoding, resizing, padding. Thread-safe; touches no device.</summary>
internal static class ImagePreparation
{
    /// <param name="part">An image or a video.</param>
    /// <param name="key">How to read it.</param>
    /// <param name="tile">Side of a tile in pixels.</param>
    /// <param name="cancellationToken">Nobody waits for it any more: a video's process is killed, its files go.</param>
    /// <exception cref="ImageException">The image cannot be used.</exception>
    /// <exception cref="VideoException">The video cannot be used, or ffmpeg is not installed.</exception>
    public static async Task<TiledImage> PrepareAsync(ContentPart part, ImageKey key, int tile, CancellationToken cancellationToken)
    {
        if (part is VideoPart video)
        {
            var sampled = await VideoReader.ReadAsync(video.Content, VideoLimits.Default, cancellationToken);
            return VideoComposition.Tile(sampled.Frames, tile, cancellationToken);
        }

        var image = ImageDecoder.Decode(((ImagePart)part).Content, ImageLimits.Default, key.Orientation, cancellationToken);
        return HighDefinitionTiling.Apply(image, key.HdNum, tile, TilingVariant.Inference, cancellationToken);
    }
}
