namespace BestOfN.Inference.Networks.Vision;

/// <summary>Sizes of a CLIP vision encoder; the defaults are the published model's (ViT-L/14 at 560 pixels).</summary>
public sealed record VisionConfiguration
{
    public int HiddenSize { get; init; } = 1024;

    public int IntermediateSize { get; init; } = 4096;

    public int Layers { get; init; } = 24;

    public int Heads { get; init; } = 16;

    /// <summary>Side of a tile in pixels; a multiple of twice <see cref="PatchSize"/>.</summary>
    public int ImageSize { get; init; } = 560;

    public int PatchSize { get; init; } = 14;

    /// <summary>x · σ(1.702 x) where true, the exact GELU otherwise.</summary>
    public bool QuickGelu { get; init; } = true;

    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Patches along one side of a tile.</summary>
    public int Patches => ImageSize / PatchSize;

    /// <summary>Cells of 2 × 2 patches along one side of a tile; each becomes one token.</summary>
    public int Cells => Patches / 2;
}
