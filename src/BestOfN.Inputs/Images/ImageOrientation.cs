namespace BestOfN.Inputs.Images;

/// <summary>What to do with a picture whose EXIF data say that it is to be turned or mirrored before it is shown.</summary>
public enum ImageOrientation
{
    /// <summary>Turn it, so that the model sees what the user saw.</summary>
    AsShown,

    /// <summary>Leave it as it is stored, as the published reference does.</summary>
    AsStored,
}
