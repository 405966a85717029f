using BestOfN.Models.Pictures;
using static TorchSharp.torch;

namespace BestOfN.Models.Networks.Vision;

/// <summary>From pixels to the vectors that a decoder reads: tower, 2 × 2 merge, separators, projection.</summary>
/// <remarks>Not thread-safe: one owner thread per device. Owns its weights.</remarks>
public sealed class PictureEncoder : IDisposable
{
    public PictureEncoder(VisionConfiguration configuration) => Configuration = configuration;

    public VisionConfiguration Configuration { get; }

    /// <summary>Encodes pictures; the global views and tiles of all of them go through the tower together.</summary>
    /// <returns>For each picture its vectors, [<see cref="TiledPicture.TokenCount"/>, C], owned by the caller's dispose scope.</returns>
    public Tensor[] Encode(IReadOnlyList<TiledPicture> pictures) => throw new NotSupportedException();

    public void Dispose() { }
}
