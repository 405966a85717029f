using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>The low-rank branch of a linear layer that acts on the tokens of images alone: y += Plora_B(Plora_A(x)) · scale.</summary>
/// <remarks>Dong et al. 2024, InternLM-XComposer2, https://arxiv.org/abs/2401.16420. Fields bear the names of the checkpoint.</remarks>
internal sealed class PartialLora(Tensor plora_A, Tensor plora_B, double scale)
{
    private readonly Scalar _scale = scale;

    public double Scale { get; } = scale;

    /// <summary>[r, I].</summary>
    public Tensor Plora_A { get; } = plora_A;

    /// <summary>[O, r].</summary>
    public Tensor Plora_B { get; } = plora_B;

    /// <summary>Adds the branch to a layer's output: into it in inference, to a new tensor in training.</summary>
    /// <param name="y">The layer's output, [T, O].</param>
    /// <param name="x">The layer's input, [T, I].</param>
    /// <param name="rows">Which rows belong to images; selected for the same mode.</param>
    /// <param name="mode">What the network is for.</param>
    public Tensor AddTo(Tensor y, Tensor x, RowSelection rows, ComputeMode mode)
    {
        if (rows.Count == 0)
        {
            return y;
        }

        using var scope = NewDisposeScope();
        if (mode == ComputeMode.Training)
        {
            // All rows of the narrow product and a mask: on the way back much faster than picking rows and adding them again.
            var narrow = Operators.Linear(x, Plora_A, null, mode) * _scale;                              // [T, r]
            return y.add(Operators.Linear(rows.Mask is null ? narrow : narrow * rows.Mask.to(narrow.dtype), Plora_B, null, mode),
                HeldScalar.One).MoveToOuterDisposeScope();
        }

        // One stretch after the other, so that the result for an image does not depend on the other images of the pass.
        foreach (var (first, count) in rows.Parts)
        {
            var low = Operators.Linear(x.narrow(0, first, count), Plora_A, null, mode);                    // [count, r]
            y.narrow(0, first, count).addmm_(low, Plora_B.t(), beta: 1, alpha: (float)Scale);
        }

        return y;
    }
}
