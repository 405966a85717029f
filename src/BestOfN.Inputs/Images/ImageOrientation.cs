namespace BestOfN.Inputs.Images;

/// <summary>Whether an image is rotated or mirrored as its EXIF data say.</summary>
public enum ImageOrientation
{
    /// <summary>Rotate or mirror it, so that the model sees what the user saw.</summary>
    AsShown,

    /// <summary>Leave it as it is stored, as the published reference does.</summary>
    AsStored,
}
