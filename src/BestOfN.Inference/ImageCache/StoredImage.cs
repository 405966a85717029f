using BestOfN.Inputs.Images;
using static TorchSharp.torch;

namespace BestOfN.Inference.ImageCache;

/// <summary>An image known to a <see cref="ImageStore"/>: one id per vector, and the pixels or the vectors behind them.</summary>
public sealed class StoredImage
{
    internal StoredImage(ImageKey? key) => Key = key;

    /// <summary>The id of the first vector; those of the others follow. 0 until the image is prepared.</summary>
    public int FirstId { get; internal set; }

    /// <summary>How many vectors; 0 until the image is prepared.</summary>
    public int Count { get; internal set; }

    /// <summary>Null where the image is shared with nobody.</summary>
    internal ImageKey? Key { get; }

    /// <summary>Pixels that wait for the vision encoder. As all below, guarded by the store's lock.</summary>
    internal TiledImage? Tiled { get; set; }

    /// <summary>
    /// [Count, C] on the device; null until encoded, and after it made room for others. Changed on the device's thread only.
    /// </summary>
    internal Tensor? Vectors { get; set; }

    /// <summary>Decoding and tiling, under way or done; null where neither pixels nor vectors are at hand.</summary>
    internal Task? Preparation { get; set; }

    /// <summary>Ends the preparation under way; null where none is.</summary>
    internal CancellationTokenSource? Stop { get; set; }

    /// <summary>Open prompts that show this image.</summary>
    internal int Leases { get; set; }

    /// <summary>Kept states of prompts in which the ids occur: the ids must not mean another image meanwhile.</summary>
    internal int Mentions { get; set; }

    internal long LastUse { get; set; }

    /// <summary>The ids of all vectors, in order.</summary>
    public IEnumerable<int> Ids => Enumerable.Range(FirstId, Count);

    internal bool Covers(int id) => id >= FirstId && id - FirstId < Count;
}
