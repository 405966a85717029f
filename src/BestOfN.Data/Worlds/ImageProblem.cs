using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>A problem about one picture of 112 × 112 pixels: two by two of the pocket models' tiles, or one tile at half size.</summary>
internal abstract class ImageProblem : SeenProblem
{
    /// <summary>Pixels along each side.</summary>
    public const int Side = 112;

    public sealed override IReadOnlyList<Image> Pictures => Drawn;
}
