using BestOfN.Models.Native;
using static TorchSharp.torch;

namespace BestOfN.Models.Networks;

/// <summary>Attention as two products and a softmax, for bfloat16 on a CPU: products run in hardware there that the fused kernel does not use.</summary>
/// <remarks>Scores and shares are rounded to bfloat16, as in the eager form of the reference implementations. Inference only.</remarks>
internal static class AttentionByProducts
{
    // So many scores at a time stay in the cache between the passes over them.
    private const long ScoresAtOnce = 1 << 20;
    private const long FewestRows = 64;

    // Numbers that a register holds. Shorter heads stay with the fused kernel, which rounds less.
    private const long Register = 32;

    /// <summary>Whether to prefer it to the fused kernel.</summary>
    /// <param name="q">Queries; the last dimension is the head size.</param>
    public static bool Serves(Tensor q) => q.dtype == ScalarType.BFloat16 && q.device_type == TorchSharp.DeviceType.CPU && q.size(-1) % Register == 0;

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
        var (output, logSumExp) = (empty([B, g, L, D], q.dtype, q.device), empty([B, g, L], ScalarType.Float32, q.device));
        var (keys, values) = (k.contiguous().transpose(1, 2), v.contiguous());
        var sums = Aten.Data(logSumExp);
        var scale = 1 / MathF.Sqrt(D);
        var step = Math.Max(FewestRows, ScoresAtOnce / (B * g * S));
        for (long first = 0; first < L; first += step)
        {
            using var inner = NewDisposeScope();
            var (from, rows) = (first, Math.Min(step, L - first));
            var seen = causal ? first + rows : S;
            var shares = q.narrow(2, first, rows).reshape(B, g * rows, D).matmul(keys.narrow(2, 0, seen));                // [B, g·rows, seen]
            RowKernels.Share(
                shares.view(B * g * rows, seen),
                scale,
                row => causal ? (int)(from + (row % rows) + 1) : (int)seen,
                (row, sum) => SetSum(sums, (row / rows * L) + from + (row % rows), sum));
            output.narrow(2, first, rows).copy_(shares.matmul(values.narrow(1, 0, seen)).view(B, g, rows, D));
        }

        return (output.MoveToOuterDisposeScope(), logSumExp.MoveToOuterDisposeScope());
    }

    private static unsafe void SetSum(nint sums, long index, float sum) => ((float*)sums)[index] = sum;
}
