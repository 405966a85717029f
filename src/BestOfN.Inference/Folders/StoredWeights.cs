namespace BestOfN.Inference.Folders;

/// <summary>How a folder's tensors are stored.</summary>
/// <param name="Format"><c>safetensors</c> or <c>torch.save archive</c>.</param>
/// <param name="Files">One, or the shards.</param>
/// <param name="Bytes">Bytes of all tensors, used or not.</param>
/// <param name="Types">Number of elements of each type.</param>
public sealed record StoredWeights(string Format, int Files, long Bytes, IReadOnlyDictionary<string, long> Types);
