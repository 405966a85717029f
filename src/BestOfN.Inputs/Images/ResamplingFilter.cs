namespace BestOfN.Inputs.Images;

/// <summary>How neighbouring pixels are weighed when a picture is resized.</summary>
public enum ResamplingFilter
{
    /// <summary>A triangle, one source pixel to each side.</summary>
    Bilinear,

    /// <summary>The Keys kernel with a = -0.5, two source pixels to each side.</summary>
    Bicubic,
}
