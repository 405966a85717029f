namespace BestOfN.Inputs.Images;

/// <summary>How large a picture may be. Everything is checked before memory for its pixels is taken.</summary>
public sealed record ImageLimits
{
    /// <summary>The default limits.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>Bytes of an encoded file that no setting can exceed.</summary>
    public const int MostBytes = 32 << 20;

    /// <summary>Bytes of the encoded file.</summary>
    public int Bytes { get; init; } = MostBytes;

    /// <summary>Width times height. Decoding takes seven bytes per pixel.</summary>
    public int Pixels { get; init; } = 50_000_000;

    /// <summary>Pixels along the longer side.</summary>
    public int Side { get; init; } = 32_768;
}
