using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Kernels;

/// <summary>
/// Attention to a part of the keys, with what merging it with other parts needs; whichever way is the fastest. Inference only.
/// </summary>
/// <remarks>
/// N sequences, K heads of keys and values in each, g heads of queries that see each of those, L queries, S keys, D head size.
/// </remarks>
internal static class PartialAttention
{
    /// <summary>softmax(q · kᵀ / √D) · v.</summary>
    /// <param name="q">[N, K, g, L, D]; any strides whose last is 1, here and below.</param>
    /// <param name="k">[N, K, S, D].</param>
    /// <param name="v">[N, K, S, D].</param>
    /// <param name="causal">Query i sees keys 0..i.</param>
    /// <returns>Output [N, K, g, L, D] and the log-sum-exp of each query's scores, [N, K, g, L] float32.</returns>
    public static (Tensor Output, Tensor LogSumExp) Attend(Tensor q, Tensor k, Tensor v, bool causal)
    {
        if (TiledAttention.Serves(q))
        {
            return TiledAttention.Attend(q, k, v, causal);
        }

        if (AttentionByProducts.Serves(q))
        {
            return AttentionByProducts.Attend(q, k, v, causal);
        }

        using var scope = NewDisposeScope();
        var (N, K, g, L, D) = (q.size(0), q.size(1), q.size(2), q.size(3), q.size(4));

        // Where order does not matter, heads that share keys become queries of one head, and each key is read once.
        var folded = causal ? q.reshape(N * K, g, L, D) : q.reshape(N * K, 1, g * L, D);
        Tensor Each(Tensor x) => x.reshape(N * K, 1, x.size(2), D).expand(N * K, folded.size(1), x.size(2), D);
        var (output, logSumExp) = Aten.FlashAttention(folded, Each(k), Each(v), causal);
        return (output.reshape(N, K, g, L, D).MoveToOuterDisposeScope(), logSumExp.reshape(N, K, g, L).MoveToOuterDisposeScope());
    }

    /// <summary>Whether there is a faster way than libtorch's fused kernel.</summary>
    /// <param name="q">Queries; the last dimension is the head size.</param>
    public static bool IsFaster(Tensor q) => TiledAttention.Serves(q) || AttentionByProducts.Serves(q);

    /// <summary>
    /// Room for a result of <see cref="Attend"/>, with all heads of a token side by side, as the next product wants them.
    /// </summary>
    public static (Tensor Output, Tensor LogSumExp) Room(Tensor q)
    {
        var (N, K, g, L, D) = (q.size(0), q.size(1), q.size(2), q.size(3), q.size(4));
        using var output = empty([N, L, K, g, D], q.dtype, q.device);
        using var logSumExp = empty([N, L, K, g], ScalarType.Float32, q.device);
        return (output.permute(0, 2, 3, 1, 4), logSumExp.permute(0, 2, 3, 1));
    }
}
