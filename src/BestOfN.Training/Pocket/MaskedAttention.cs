using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Pocket;

/// <summary>Attention of a <see cref="TokenBatch"/>, with gradients.</summary>
internal sealed class MaskedAttention(TokenBatch batch) : IAttention
{
    public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
    {
        using var scope = NewDisposeScope();
        var (B, L) = (batch.Rows, batch.Length);
        var (H, K, D) = (q!.size(1), k.size(1), k.size(2));

        // In two products rather than one fused operator: it computes bfloat16 in hardware, and the fused one is slow on the way back.
        var type = batch.Mask.dtype;
        using TorchSharp.Scalar scale = 1 / Math.Sqrt(D);
        Tensor Heads(Tensor x) => x.to(type).view(B, L, K, 1, D).permute(0, 2, 3, 1, 4);                     // [B, K, 1, L, D]
        var queries = (q * scale).to(type).view(B, L, K, H / K, D).permute(0, 2, 3, 1, 4);                   // [B, K, H/K, L, D]
        var seen = F.softmax(queries.matmul(Heads(k).transpose(3, 4)).add(batch.Mask.unsqueeze(1), HeldScalar.One), -1);
        var met = seen.matmul(Heads(v));
        return met.permute(0, 3, 1, 2, 4).to(q.dtype).reshape(B * L, H, D).MoveToOuterDisposeScope();
    }
}
