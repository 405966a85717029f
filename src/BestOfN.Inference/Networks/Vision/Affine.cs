using BestOfN.Inference.Kernels;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Networks.Vision;

/// <summary>Weight and bias of a linear layer, [O, I] and [O], or of a layer norm, [C] and [C].</summary>
/// <param name="Weight">The weight.</param>
/// <param name="Bias">The bias.</param>
/// <param name="ProductType">Type of the product in training, where it is another than the weight's.</param>
internal readonly record struct Affine(Tensor Weight, Tensor Bias, ScalarType? ProductType = null)
{
    /// <summary>[T, I] → [T, O].</summary>
    public Tensor Linear(Tensor x, ComputeMode mode) =>
        Operators.Linear(x, ProductType is { } type ? Weight.to(type) : Weight, Bias, mode);

    /// <summary>Over the last dimension.</summary>
    public Tensor Norm(Tensor x, double epsilon) => F.layer_norm(x, [Weight.size(0)], Weight, Bias, epsilon);
}
