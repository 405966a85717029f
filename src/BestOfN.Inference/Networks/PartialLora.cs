using BestOfN.Inference.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>The low-rank branch of a linear layer that acts on the tokens of pictures alone: y += Plora_B(Plora_A(x)) · scale.</summary>
/// <remarks>Dong et al. 2024, InternLM-XComposer2, https://arxiv.org/abs/2401.16420. Fields bear the names of the checkpoint.</remarks>
internal sealed class PartialLora(Tensor plora_A, Tensor plora_B, double scale)
{
    private readonly Scalar _scale = scale;

    /// <summary>[r, I].</summary>
    public Tensor Plora_A { get; } = plora_A;

    /// <summary>[O, r].</summary>
    public Tensor Plora_B { get; } = plora_B;

    /// <summary>Adds the branch to a layer's output: into it where there are no gradients, else to a new tensor.</summary>
    /// <param name="y">The layer's output, [T, O].</param>
    /// <param name="x">The layer's input, [T, I].</param>
    /// <param name="rows">Which rows belong to pictures.</param>
    public Tensor AddTo(Tensor y, Tensor x, RowSelection rows)
    {
        if (rows.Count == 0)
        {
            return y;
        }

        using var scope = NewDisposeScope();
        if (is_grad_enabled())
        {
            if (rows.Mask is null && rows.Count < x.size(0))
            {
                throw new InvalidOperationException("The rows were selected without gradients and do not serve with them.");
            }

            // All rows of the narrow product and a mask: on the way back much faster than picking rows and adding them again.
            var narrow = DecoderLayer.Linear(x, Plora_A, null) * _scale;                              // [T, r]
            return y.add(DecoderLayer.Linear(rows.Mask is null ? narrow : narrow * rows.Mask.to(narrow.dtype), Plora_B, null), HeldScalar.One).MoveToOuterDisposeScope();
        }

        // A stretch after the other, so that what a picture's rows get does not depend on the other pictures of the pass.
        foreach (var (first, count) in rows.Parts)
        {
            var low = DecoderLayer.Linear(x.narrow(0, first, count), Plora_A, null);                    // [count, r]
            y.narrow(0, first, count).addmm_(low, Plora_B.t(), beta: 1, alpha: (float)scale);
        }

        return y;
    }
}
