using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Kernels;

/// <summary>Attention as two products and a softmax, for bfloat16 on a CPU: products run in hardware there that the fused kernel does not
/// use.</summary>
/// <remarks>Scores and shares are rounded to bfloat16, as in the eager form of the reference implementations. Inference only.</remarks>
internal static class AttentionByProducts
{
    // This many scores stay in the processor's cache between the passes over them.
    private const long ScoresAtOnce = 1 << 20;
    private const long FewestRows = 64;

    // Numbers that a register holds. Shorter heads stay with the fused kernel, which rounds less.
    private const long Register = 32;

    /// <summary>Whether to prefer it to the fused kernel.</summary>
    /// <param name="q">Queries; the last dimension is the head size.</param>
    public static bool Serves(Tensor q) =>
        OwnKernels.AreOn && ComputeTypes.CpuHasBFloat16
        && q.dtype == ScalarType.BFloat16 && q.device_type == TorchSharp.DeviceType.CPU && q.size(-1) % Register == 0;

    /// <inheritdoc cref="PartialAttention.Attend"/>
    public static (Tensor Output, Tensor LogSumExp) Attend(Tensor q, Tensor k, Tensor v, bool causal)
    {
        using var scope = NewDisposeScope();
        var (B, g, L, D, S) = (q.size(0) * q.size(1), q.size(2), q.size(3), q.size(4), k.size(2));
        var (output, logSumExp) = PartialAttention.Room(q);
        var (keys, values) = (k.reshape(B, S, D).contiguous(), v.reshape(B, S, D).contiguous());
        var sums = new HeadRows<float>(logSumExp);
        var scale = 1 / MathF.Sqrt(D);
        var step = Math.Max(1, ScoresAtOnce / (B * g * S) / FewestRows) * FewestRows;
        for (long first = 0; first < L; first += step)
        {
            using var inner = NewDisposeScope();
            var (from, rows) = (first, Math.Min(step, L - first));
            var seen = causal ? first + rows : S;
            Tensor Seen(Tensor x) => x.narrow(1, 0, seen).contiguous();                      // oneDNN would turn one with gaps first
            // [B, g·rows, seen]
            var scores = q.narrow(3, first, rows).reshape(B, g * rows, D).matmul(Seen(keys).transpose(1, 2));
            var totals = new float[B * g * rows];
            RowKernels.SoftmaxNumerators(
                scores.view(B * g * rows, seen),
                scale,
                row => causal ? (int)(from + (row % rows) + 1) : (int)seen,
                (row, sum) =>
                {
                    totals[row] = sum.Sum;
                    SetSum(sums, row / rows, from + (row % rows), sum.LogSumExp);
                });
            RowKernels.Normalize(scores.matmul(Seen(values)).view(B * g * rows, D), totals, output.narrow(3, first, rows));
        }

        return (output.MoveToOuterDisposeScope(), logSumExp.MoveToOuterDisposeScope());
    }

    private static unsafe void SetSum(HeadRows<float> sums, long head, long row, float sum) => *sums.Row(head, row) = sum;
}
