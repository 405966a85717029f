using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Networks.Vision;

/// <summary>One block of the vision encoder: x + attention(norm(x)), then x + mlp(norm(x)); every token attends to every token. Fields bear
/// the names of the checkpoint.</summary>
internal sealed class VisionLayer
{
    private static readonly Scalar s_alpha = RowKernels.QuickGeluAlpha;

    public required Affine layer_norm1 { get; init; }
    public required Affine layer_norm2 { get; init; }
    public required Affine q_proj { get; init; }
    public required Affine k_proj { get; init; }
    public required Affine v_proj { get; init; }
    public required Affine out_proj { get; init; }
    public required Affine fc1 { get; init; }
    public required Affine fc2 { get; init; }

    /// <summary>Runs the block.</summary>
    /// <param name="configuration">Sizes.</param>
    /// <param name="x">[V, T, C]: V views of T tokens. Left as it is.</param>
    /// <param name="mode">What the network is for.</param>
    /// <returns>[V, T, C], owned by the caller's dispose scope.</returns>
    public Tensor Forward(VisionConfiguration configuration, Tensor x, ComputeMode mode)
    {
        using var scope = NewDisposeScope();
        var (V, T, C) = (x.size(0), x.size(1), x.size(2));
        var flat = x.reshape(V * T, C);
        var normed = layer_norm1.Norm(flat, configuration.NormEpsilon);
        Tensor Heads(Affine projection) =>
            projection.Linear(normed, mode).view(V, T, configuration.Heads, C / configuration.Heads).transpose(1, 2);
        var context = Attend(Heads(q_proj), Heads(k_proj), Heads(v_proj), mode).transpose(1, 2).reshape(V * T, C);
        flat = flat.add(out_proj.Linear(context, mode), HeldScalar.One);
        var inner = Activate(fc1.Linear(layer_norm2.Norm(flat, configuration.NormEpsilon), mode), configuration.QuickGelu, mode);
        return flat.add(fc2.Linear(inner, mode), HeldScalar.One).view(V, T, C).MoveToOuterDisposeScope();
    }

    private static Tensor Attend(Tensor q, Tensor k, Tensor v, ComputeMode mode)
    {
        if (mode == ComputeMode.Training || !PartialAttention.IsFaster(q))
        {
            return F.scaled_dot_product_attention(q, k, v);
        }

        var (output, logSumExp) = PartialAttention.Attend(q.unsqueeze(2), k, v, causal: false);
        logSumExp.Dispose();
        return output.squeeze(2);
    }

    private static Tensor Activate(Tensor x, bool quick, ComputeMode mode)
    {
        if (!quick)
        {
            return F.gelu(x);
        }

        if (mode == ComputeMode.Inference && RowKernels.Serve(x.dtype, x.device))
        {
            return RowKernels.QuickGelu(x);
        }

        using var scope = NewDisposeScope();
        var gate = (x * s_alpha).sigmoid();
        return (mode == ComputeMode.Training ? x * gate : gate.mul_(x)).MoveToOuterDisposeScope();
    }
}
