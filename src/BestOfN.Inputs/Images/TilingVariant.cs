namespace BestOfN.Inputs.Images;

/// <summary>The two ways in which the published code cuts a picture into tiles.</summary>
public enum TilingVariant
{
    /// <summary>For scoring and generating: enlarged no further than to cover the picture; the padding is at the end.</summary>
    Inference,

    /// <summary>For training: enlarged up to 1.5 times further; the padding is split between both ends.</summary>
    Training,
}
