using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Training.Pocket;

/// <summary>A projection in training whose products are computed in another type, such as bfloat16, while its weights stay as they are.
/// Gradients flow to the weights.</summary>
/// <param name="plain">Its weights stay the decoder's.</param>
/// <param name="type">Type of the products.</param>
internal sealed class NarrowProjection(PlainProjection plain, ScalarType type) : Projection
{
    public override Tensor Linear(Tensor x, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        return Cast().Linear(x, images).MoveToOuterDisposeScope();
    }

    public override Tensor LinearAdd(Tensor x, Tensor residual, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        return Cast().LinearAdd(x, residual, images).MoveToOuterDisposeScope();
    }

    // Biases stay in their type: the product casts them.
    private PlainProjection Cast() => new(
        [
            .. plain.Parts.Select(part => part with
            {
                Weight = part.Weight.to(type),
                ImageBranch = part.ImageBranch is { } branch
                    ? new PartialLora(branch.Plora_A.to(type), branch.Plora_B.to(type), branch.Scale) : null,
            }),
        ],
        ComputeMode.Training);
}
