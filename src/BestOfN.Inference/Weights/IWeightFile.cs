using static TorchSharp.torch;

namespace BestOfN.Inference.Weights;

/// <summary>One memory-mapped file of named tensors, whatever its format.</summary>
public interface IWeightFile : IDisposable
{
    string Path { get; }

    /// <summary>What the file holds, by name; all of it has been checked against the file's length.</summary>
    IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>
    /// A view of a tensor in the mapping, in its stored type and layout, on the CPU; not to be written. The caller disposes it before the
    /// file.
    /// </summary>
    Tensor Map(TensorEntry entry);
}
