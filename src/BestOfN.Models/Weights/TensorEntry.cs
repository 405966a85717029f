using TorchSharp;

namespace BestOfN.Models.Weights;

/// <summary>Where a tensor lies in its file.</summary>
/// <param name="Name">The checkpoint's name.</param>
/// <param name="Type">Element type as stored.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Offset">First byte, from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public sealed record TensorEntry(string Name, torch.ScalarType Type, IReadOnlyList<long> Shape, long Offset, long Length);
