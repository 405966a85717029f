using BestOfN.Models.Native;
using static TorchSharp.torch;

namespace BestOfN.Models.Networks;

/// <summary>Attention to a part of the keys, with what merging it with other parts needs.</summary>
internal static class PartialAttention
{
    /// <summary>B heads of keys and values, each seen by g heads of queries, whichever way is the faster. Inference only.</summary>
    /// <param name="q">[B, g, L, D].</param>
    /// <param name="k">[B, S, D]; <paramref name="v"/> likewise.</param>
    /// <param name="v">See <paramref name="k"/>.</param>
    /// <param name="causal">Query i sees keys 0..i.</param>
    /// <returns>Output [B, g, L, D] and the log-sum-exp of each query's scores, [B, g, L] float32.</returns>
    public static (Tensor Output, Tensor LogSumExp) Attend(Tensor q, Tensor k, Tensor v, bool causal)
    {
        if (AttentionByProducts.Serves(q))
        {
            return AttentionByProducts.Attend(q, k, v, causal);
        }

        Tensor Each(Tensor x) => x.unsqueeze(1).expand(x.size(0), q.size(1), x.size(1), x.size(2));
        return Aten.FlashAttention(q, Each(k), Each(v), causal);
    }
}
