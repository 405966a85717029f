using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A projection over weights as the checkpoint holds them. The weights stay the decoder's.</summary>
/// <param name="parts">Layers of the same input, whose outputs stand side by side.</param>
/// <param name="mode">What it is for.</param>
internal sealed class PlainProjection(IReadOnlyList<LinearWeights> parts, ComputeMode mode) : Projection
{
    public IReadOnlyList<LinearWeights> Parts => parts;

    public override Tensor Linear(Tensor x, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        Tensor Output(LinearWeights part) => AddBranch(part, Operators.Linear(x, part.Weight, part.Bias, mode), x, images);
        return (parts.Count == 1 ? Output(parts[0]) : cat([.. parts.Select(Output)], 1)).MoveToOuterDisposeScope();
    }

    public override Tensor LinearAdd(Tensor x, Tensor residual, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        if (mode == ComputeMode.Training || parts.Count > 1)
        {
            return residual.add(Linear(x, images), HeldScalar.One).MoveToOuterDisposeScope();
        }

        return AddBranch(parts[0], Operators.LinearAdd(x, parts[0].Weight, parts[0].Bias, residual), x, images).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights before their decoder is disposed; the projection is of no use then.</summary>
    public void FreeWeights()
    {
        foreach (var part in parts)
        {
            part.Weight.Dispose();
            part.Bias?.Dispose();
            part.ImageBranch?.Plora_A.Dispose();
            part.ImageBranch?.Plora_B.Dispose();
        }
    }

    private Tensor AddBranch(LinearWeights part, Tensor y, Tensor x, RowSelection? images) =>
        part.ImageBranch is null || images is null ? y : part.ImageBranch.AddTo(y, x, images.Value, mode);
}
