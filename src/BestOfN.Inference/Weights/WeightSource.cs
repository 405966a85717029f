using static TorchSharp.torch;

namespace BestOfN.Inference.Weights;

/// <summary>Gives the tensor of that name and shape, such as from a checkpoint, or throws.</summary>
internal delegate Tensor WeightSource(string name, ReadOnlySpan<long> shape);
