using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Models.Networks;

/// <summary>Attention as two products and a softmax, for bfloat16 on a CPU: products run in hardware there that the fused kernel does not use.</summary>
/// <remarks>Scores and shares are bfloat16, as in the eager form of the reference implementations. Inference only.</remarks>
internal static class AttentionByProducts
{
    // So many scores at a time stay in the cache between the passes over them.
    private const long ScoresAtOnce = 1 << 20;
    private const long FewestRows = 64;

    // Numbers that a register holds. Shorter heads stay with the fused kernel, which rounds less.
    private const long Register = 32;

    /// <summary>Whether to prefer it to the fused kernel.</summary>
    /// <param name="q">Queries; the last dimension is the head size.</param>
    public static bool Serves(Tensor q) => q.dtype == ScalarType.BFloat16 && q.device_type == DeviceType.CPU && q.size(-1) % Register == 0;

    /// <summary>B heads of keys and values, each seen by g heads of queries.</summary>
    /// <param name="q">[B, g, L, D].</param>
    /// <param name="k">[B, S, D]; <paramref name="v"/> likewise.</param>
    /// <param name="v">See <paramref name="k"/>.</param>
    /// <param name="causal">Query i sees keys 0..i.</param>
    /// <returns>Output [B, g, L, D] and the log-sum-exp of each query's scores, [B, g, L] float32.</returns>
    public static (Tensor Output, Tensor LogSumExp) Attend(Tensor q, Tensor k, Tensor v, bool causal)
    {
        using var scope = NewDisposeScope();
        var (B, g, L, D, S) = (q.size(0), q.size(1), q.size(2), q.size(3), k.size(1));
        using Scalar scale = 1 / Math.Sqrt(D), unseen = float.NegativeInfinity;
        var (output, logSumExp) = (empty([B, g, L, D], q.dtype, q.device), empty([B, g, L], ScalarType.Float32, q.device));
        var (keys, values) = (k.contiguous().transpose(1, 2), v.contiguous());
        var step = Math.Max(FewestRows, ScoresAtOnce / (B * g * S));
        for (long first = 0; first < L; first += step)
        {
            using var inner = NewDisposeScope();
            var rows = Math.Min(step, L - first);
            var seen = causal ? first + rows : S;
            var scores = (q.narrow(2, first, rows) * scale).reshape(B, g * rows, D).matmul(keys.narrow(2, 0, seen));      // [B, g·rows, seen]
            if (causal)
            {
                scores.view(B, g, rows, seen).narrow(3, first, rows).masked_fill_(ones(rows, rows, ScalarType.Bool, q.device).triu(1), unseen);
            }

            var shares = scores.softmax(-1);
            logSumExp.narrow(2, first, rows).copy_(LogSumExp(scores, shares).view(B, g, rows));
            output.narrow(2, first, rows).copy_(shares.matmul(values.narrow(1, 0, seen)).view(B, g, rows, D));
        }

        return (output.MoveToOuterDisposeScope(), logSumExp.MoveToOuterDisposeScope());
    }

    // A score and its share tell the sum, since share = exp(score − log-sum-exp): those of the first key, which every query sees. Where it has no share at all, the largest.
    private static Tensor LogSumExp(Tensor scores, Tensor shares)
    {
        var share = shares.narrow(2, 0, 1).to(ScalarType.Float32);
        return share.amin().item<float>() > 0
            ? scores.narrow(2, 0, 1).to(ScalarType.Float32) - share.log()
            : scores.amax([-1]).to(ScalarType.Float32) - shares.amax([-1]).to(ScalarType.Float32).log();
    }
}
