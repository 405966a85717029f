using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Networks;

/// <summary>
/// Plain causal attention over sequences of one length, B of them one behind the other. What training uses, and the yardstick for the rest.
/// </summary>
/// <remarks>Shorter sequences are padded on the right; causality keeps the padding out of what precedes it.</remarks>
/// <param name="batch">B.</param>
public sealed class BatchedAttention(int batch) : IAttention
{
    /// <summary>Rows that the last layer was asked for, as given to the decoder; null: all.</summary>
    public Tensor? LastRows { get; init; }

    /// <summary>Which layer is the last; only read where <see cref="LastRows"/> is set.</summary>
    public int LastLayer { get; init; }

    public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
    {
        if (q is null)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        var (T, K, D) = (k.size(0) / batch, k.size(1), k.size(2));
        var (H, g) = (q.size(1), q.size(1) / K);
        k = k.view(batch, T, K, D).transpose(1, 2).repeat_interleave(g, 1);                    // [B, H, T, D]
        v = v.view(batch, T, K, D).transpose(1, 2).repeat_interleave(g, 1);
        if (LastRows is null || layer != LastLayer)
        {
            q = q.view(batch, T, H, D).transpose(1, 2);
            return F.scaled_dot_product_attention(q, k, v, is_casual: true).transpose(1, 2).reshape(batch * T, H, D)
                .MoveToOuterDisposeScope();
        }

        // One query per sequence, which sees what precedes it: [B, H, 1, D].
        using TorchSharp.Scalar length = T;
        var at = LastRows.remainder(length).view(batch, 1, 1, 1);
        var mask = tensor(Enumerable.Range(0, (int)T).Select(t => (long)t).ToArray(), device: k.device).view(1, 1, 1, T).le(at);
        return F.scaled_dot_product_attention(q.unsqueeze(2), k, v, attn_mask: mask).squeeze(2).MoveToOuterDisposeScope();
    }
}
