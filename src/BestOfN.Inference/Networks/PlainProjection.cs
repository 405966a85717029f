using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A projection over weights as the checkpoint holds them. The weights stay the decoder's.</summary>
internal sealed class PlainProjection : Projection
{
    private readonly ComputeMode _mode;

    /// <param name="parts">Layers of the same input, whose outputs stand side by side.</param>
    /// <param name="mode">What it is for.</param>
    public PlainProjection(IReadOnlyList<LinearWeights> parts, ComputeMode mode)
    {
        (Parts, _mode) = (parts, mode);
        Apart = parts.Count == 1 ? [this] : [.. parts.Select(part => new PlainProjection([part], mode))];
    }

    public IReadOnlyList<LinearWeights> Parts { get; }

    public override IReadOnlyList<Projection> Apart { get; }

    public override Tensor Linear(Tensor x, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        Tensor Output(LinearWeights part) => AddBranch(part, Operators.Linear(x, part.Weight, part.Bias, _mode), x, images);
        return (Parts.Count == 1 ? Output(Parts[0]) : cat([.. Parts.Select(Output)], 1)).MoveToOuterDisposeScope();
    }

    public override Tensor LinearAdd(Tensor x, Tensor residual, RowSelection? images)
    {
        using var scope = NewDisposeScope();
        if (_mode == ComputeMode.Training || Parts.Count > 1)
        {
            return residual.add(Linear(x, images), HeldScalar.One).MoveToOuterDisposeScope();
        }

        return AddBranch(Parts[0], Operators.LinearAdd(x, Parts[0].Weight, Parts[0].Bias, residual), x, images).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights before their decoder is disposed; the projection is of no use then.</summary>
    public void FreeWeights()
    {
        foreach (var part in Parts)
        {
            part.Weight.Dispose();
            part.Bias?.Dispose();
            part.ImageBranch?.Plora_A.Dispose();
            part.ImageBranch?.Plora_B.Dispose();
        }
    }

    private Tensor AddBranch(LinearWeights part, Tensor y, Tensor x, RowSelection? images) =>
        part.ImageBranch is null || images is null ? y : part.ImageBranch.AddTo(y, x, images.Value, _mode);
}
