using BestOfN.Models.Networks;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Optimization;

/// <summary>Attention of a <see cref="TokenBatch"/>, with gradients.</summary>
internal sealed class MaskedAttention(TokenBatch batch) : IAttention
{
    public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
    {
        using var scope = NewDisposeScope();
        var (B, L) = (batch.Problems, batch.Length);
        var (H, K, D) = (q!.size(1), k.size(1), k.size(2));
        Tensor Heads(Tensor x) => x.view(B, L, K, D).transpose(1, 2).repeat_interleave(H / K, 1);          // [B, H, L, D]
        var met = F.scaled_dot_product_attention(q.view(B, L, H, D).transpose(1, 2), Heads(k), Heads(v), attn_mask: batch.Mask);
        return met.transpose(1, 2).reshape(B * L, H, D).MoveToOuterDisposeScope();
    }
}
