using static TorchSharp.torch;

namespace BestOfN.Inference.Weights;

/// <summary>A tensor as it will be written.</summary>
/// <param name="Name">The checkpoint's name.</param>
/// <param name="Type">Element type in the file.</param>
/// <param name="Shape">Sizes, outermost first.</param>
internal sealed record SafetensorsItem(string Name, ScalarType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Bytes in the file.</summary>
    public long Length => Shape.Aggregate((long)ElementTypes.SizeOf(Type), (product, size) => product * size);
}
