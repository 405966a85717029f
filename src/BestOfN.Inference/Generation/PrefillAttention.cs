using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>Reads a part of prompts into their caches: B whole prompts padded on the right, or some columns of one long prompt.</summary>
/// <param name="keys">Per layer, [G, K, P, D].</param>
/// <param name="values">As <paramref name="keys"/>.</param>
/// <param name="first">The first of the B prompts.</param>
/// <param name="from">Columns read before.</param>
/// <param name="columns">T, columns read now.</param>
/// <param name="mask">[B, 1, 1, from + T] for the last layer, whose queries see all of their prompt; null where all prompts are equally
/// long.</param>
internal sealed class PrefillAttention(Tensor[] keys, Tensor[] values, int first, int from, int columns, Tensor? mask) : IAttention
{
    public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
    {
        using var scope = NewDisposeScope();
        var (B, T, K, D) = (k.size(0) / columns, columns, k.size(1), k.size(2));
        k = k.view(B, T, K, D).transpose(1, 2);                                                  // [B, K, T, D]
        v = v.view(B, T, K, D).transpose(1, 2);
        var allKeys = keys[layer].narrow(0, first, B).narrow(2, 0, from + T);
        var allValues = values[layer].narrow(0, first, B).narrow(2, 0, from + T);
        allKeys.narrow(2, from, T).copy_(k);
        allValues.narrow(2, from, T).copy_(v);
        if (q is null)
        {
            return null;
        }

        var H = q.size(1);
        var g = H / K;
        if (layer == keys.Length - 1)
        {
            // One query per prompt, its last token: it sees the whole prompt.
            var (met, weight) = Aten.FlashAttention(q.view(B, K, g, D), allKeys, allValues, causal: false, mask);
            weight.Dispose();
            return met.reshape(B, H, D).MoveToOuterDisposeScope();
        }

        q = q.view(B, T, K, g, D).permute(0, 2, 3, 1, 4);
        var (own, ownWeight) = PartialAttention.Attend(q, k, v, causal: true);
        if (from > 0)
        {
            var (before, beforeWeight) =
                PartialAttention.Attend(q, allKeys.narrow(2, 0, from), allValues.narrow(2, 0, from), causal: false);
            own = own.lerp(before, (beforeWeight - ownWeight).sigmoid_().unsqueeze(-1).to(q.dtype));
        }

        return own.permute(0, 3, 1, 2, 4).reshape(B * T, H, D).MoveToOuterDisposeScope();
    }
}
