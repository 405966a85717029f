using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Training.Preference;

/// <summary>A decoder layer in training: the arithmetic of <see cref="DecoderLayer"/>, its weights cast as they are used, low-rank changes added.</summary>
/// <param name="c">Sizes.</param>
/// <param name="index">Which layer this is.</param>
/// <param name="w">Its weights: float32 where they are trained, else in the type that is computed in.</param>
/// <param name="adapters">Changes of wqkv, wo, w1, w2 and w3, in this order; empty where the weights themselves are trained.</param>
internal sealed class TrainedLayer(DecoderConfiguration c, int index, DecoderLayer w, IReadOnlyList<Adapter> adapters)
{
    /// <param name="h">[T, C].</param>
    /// <param name="pass">What all layers share.</param>
    /// <returns>[T, C], owned by the caller's dispose scope.</returns>
    public Tensor Forward(Tensor h, TrainedPass pass)
    {
        using var scope = NewDisposeScope();
        var T = h.size(0);
        var x = Norm(h, w.attention_norm, c);
        var all = Linear(0, x, w.wqkv!, w.wqkv_bias, w.wqkv_plora, pass).view(T, c.KeyValueHeads, c.Groups + 2, c.HeadSize);
        var q = RotaryEmbedding.Rotate(all.narrow(2, 0, c.Groups).reshape(T, c.Heads, c.HeadSize), pass.Cos, pass.Sin, ComputeMode.Training);
        var k = RotaryEmbedding.Rotate(all.select(2, c.Groups), pass.Cos, pass.Sin, ComputeMode.Training);
        var met = pass.Attention.Attend(index, q, k, all.select(2, c.Groups + 1))!.reshape(T, c.Heads * c.HeadSize);
        h = h.add(Linear(1, met, w.wo, w.wo_bias, w.wo_plora, pass), HeldScalar.One);

        x = Norm(h, w.ffn_norm, c);
        var gated = F.silu(Linear(2, x, w.w1, w.w1_bias, w.w1_plora, pass)) * Linear(4, x, w.w3, w.w3_bias, w.w3_plora, pass);
        return h.add(Linear(3, gated, w.w2, w.w2_bias, w.w2_plora, pass), HeldScalar.One).MoveToOuterDisposeScope();
    }

    internal static Tensor Norm(Tensor x, Tensor weight, DecoderConfiguration c) => Operators.RmsNorm(x, weight, c.NormEpsilon, ComputeMode.Training);

    private Tensor Linear(int place, Tensor x, Tensor weight, Tensor? bias, PartialLora? branch, TrainedPass pass)
    {
        using var scope = NewDisposeScope();
        var type = x.dtype;
        var y = F.linear(x, weight.to(type), bias?.to(type));
        if (branch is not null && pass.Pictures is { } pictures)
        {
            y = new PartialLora(branch.Plora_A.to(type), branch.Plora_B.to(type), c.PartialLoraScale).AddTo(y, x, pictures.All, ComputeMode.Training);
        }

        if (adapters.Count > 0)
        {
            var adapter = adapters[place];
            var dropped = pass.Dropout?.Apply(x, index, place) ?? x;
            using TorchSharp.Scalar scale = adapter.Scale;
            y = y.add(F.linear(F.linear(dropped, adapter.A.to(type)), adapter.B.to(type)), scale);
        }

        return y.MoveToOuterDisposeScope();
    }
}
