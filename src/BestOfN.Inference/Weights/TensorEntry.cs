using TorchSharp;

namespace BestOfN.Inference.Weights;

/// <summary>Where a tensor lies in its file.</summary>
/// <param name="Name">The checkpoint's name.</param>
/// <param name="Type">Element type as stored.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Offset">First byte, from the start of the file.</param>
/// <param name="Length">Bytes from the first element to the last, both included.</param>
public sealed record TensorEntry(string Name, torch.ScalarType Type, IReadOnlyList<long> Shape, long Offset, long Length)
{
    /// <summary>Steps between neighbours of each dimension, in elements; null where they lie row by row without gaps.</summary>
    public IReadOnlyList<long>? Strides { get; init; }

    /// <summary>
    /// The type's name where it is none that is read, such as <c>F8_E4M3</c>; <see cref="Type"/> means nothing then, and the tensor can not
    /// be mapped.
    /// </summary>
    public string? UnreadType { get; init; }

    /// <summary>The type's name for people.</summary>
    public string TypeName => UnreadType ?? Type.ToString();

    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Aggregate(1L, (product, size) => product * size);
}
