namespace BestOfN.Inference.Weights;

/// <summary>Where an entry's bytes lie.</summary>
/// <param name="Name">With the folders of the archive, separated by <c>/</c>.</param>
/// <param name="Offset">First byte, from the start of the file.</param>
/// <param name="Length">Bytes.</param>
internal sealed record StoredZipEntry(string Name, long Offset, long Length);
