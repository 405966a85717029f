using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Kernels;

/// <summary>The operators that networks are made of, each computed the fastest way that its mode allows.</summary>
internal static class Operators
{
    private const long MostPieceRows = 2048;

    /// <summary>x · weightᵀ + bias in the weight's type; the result has the type of x.</summary>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias, ComputeMode mode)
    {
        if (x.dtype != weight.dtype)
        {
            using var scope = NewDisposeScope();
            return F.linear(x.to(weight.dtype), weight, bias?.to(weight.dtype)).to(x.dtype).MoveToOuterDisposeScope();
        }

        return mode == ComputeMode.Inference && Aten.HasOneDnn(x.dtype, x.device)
            ? Aten.Linear(x, weight, bias)
            : F.linear(x, weight, bias);
    }

    /// <summary>residual + x · weightᵀ + bias, in one pass. Inference only.</summary>
    public static Tensor LinearAdd(Tensor x, Tensor weight, Tensor? bias, Tensor residual)
    {
        using var scope = NewDisposeScope();
        if (Aten.HasOneDnn(x.dtype, x.device))
        {
            return Aten.LinearAdd(x, weight, bias, residual).MoveToOuterDisposeScope();
        }

        var sum = addmm(residual, x, weight.t(), beta: 1, alpha: 1);
        return (bias is null ? sum : sum.add_(bias, HeldScalar.One)).MoveToOuterDisposeScope();
    }

    /// <summary>x · rsqrt(mean(x²) + eps) · weight, in float32 within.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon, ComputeMode mode)
    {
        if (mode == ComputeMode.Inference)
        {
            return x.dim() == 2 && weight.dtype == x.dtype && RowKernels.Serve(x.dtype, x.device)
                ? RowKernels.Norm(x, weight, epsilon)
                : Aten.RmsNorm(x, weight, epsilon);
        }

        using var scope = NewDisposeScope();
        var wide = x.to(ScalarType.Float32);
        using TorchSharp.Scalar held = epsilon;
        var normed = wide * (wide * wide).mean([-1], keepdim: true).add(held, HeldScalar.One).rsqrt();
        return (normed.to(x.dtype) * weight.to(x.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>Applies a function to pieces of adjacent rows, which bounds the memory that it needs in between.</summary>
    /// <param name="h">[T, C].</param>
    /// <param name="part">Gets some adjacent rows and the number of the first; its result is as large. No row may depend on
    /// another.</param>
    /// <returns>[T, C], in the dispose scope of the caller.</returns>
    public static Tensor InPieces(Tensor h, Func<Tensor, long, Tensor> part)
    {
        var (T, pieceRows) = (h.size(0), PieceRows(h.size(0)));
        if (T <= pieceRows)
        {
            return part(h, 0);
        }

        var result = empty_like(h);
        for (long first = 0; first < T; first += pieceRows)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(pieceRows, T - first);
            result.narrow(0, first, count).copy_(part(h.narrow(0, first, count), first));
        }

        return result;
    }

    /// <summary>Rows of a piece. Smaller pieces would make products reorder the weights for each of them.</summary>
    /// <param name="total">Rows of the pass.</param>
    public static long PieceRows(long total)
    {
        var pieces = Math.Max(1, (total + MostPieceRows - 1) / MostPieceRows);
        return Math.Max(1, (total + pieces - 1) / pieces);
    }

    /// <summary>Takes a tensor out of all dispose scopes, prepacked where a way is given.</summary>
    public static Tensor Keep(Tensor tensor, Func<Tensor, Tensor>? prepack)
    {
        if (prepack is null)
        {
            return tensor.DetachFromDisposeScope();
        }

        using (tensor)
        {
            return prepack(tensor).DetachFromDisposeScope();
        }
    }
}
