using BestOfN.Models.Native;
using BestOfN.Models.Networks;
using static TorchSharp.torch;

namespace BestOfN.Models.Tests.Networks;

public sealed class AttentionByProductsTests
{
    // The first touch of the models' assembly loads libtorch; these tests touch torch itself first.
    static AttentionByProductsTests() => GC.KeepAlive(TorchRuntime.Directory);

    [Theory]
    [InlineData(1, 1, 1, 1, false)]
    [InlineData(3, 2, 7, 40, false)]
    [InlineData(4, 1, 3000, 300, false)]    // several pieces
    [InlineData(2, 3, 700, 700, true)]      // several pieces, the last one shorter
    [InlineData(5, 4, 1, 1, true)]
    public void Is_the_fused_attention(long heads, long groups, long queries, long keys, bool causal)
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var (q, k, v) = Draw(heads, groups, queries, keys);
        var (expected, expectedSum) = Fused(q, k, v, causal);

        var (output, sum) = AttentionByProducts.Attend(q, k, v, causal);

        Assert.InRange((output - expected).abs().max().item<float>(), 0, 1e-5f);
        Assert.InRange((sum - expectedSum).abs().max().item<float>(), 0, 2e-5f);
    }

    [Fact]
    public void In_bfloat16_it_differs_by_the_rounding_of_scores()
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var (q, k, v) = Draw(3, 2, 100, 200);
        var (expected, expectedSum) = Fused(q, k, v, causal: false);

        var (output, sum) = AttentionByProducts.Attend(q.bfloat16(), k.bfloat16(), v.bfloat16(), causal: false);

        Assert.Equal((ScalarType.BFloat16, ScalarType.Float32), (output.dtype, sum.dtype));
        Assert.InRange((output.to(ScalarType.Float32) - expected).abs().max().item<float>(), 0, 0.03f);
        Assert.InRange((sum - expectedSum).abs().max().item<float>(), 0, 0.03f);
    }

    [Fact]
    public void A_first_key_that_nobody_looks_at_does_not_spoil_the_sums()
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var (q, k, v) = Draw(2, 1, 5, 9);
        k.narrow(1, 0, 1).copy_(q.narrow(2, 2, 1).squeeze(1) * -100);
        var (expected, expectedSum) = Fused(q, k, v, causal: false);

        var (output, sum) = AttentionByProducts.Attend(q, k, v, causal: false);

        Assert.True(sum.isfinite().all().item<bool>());
        Assert.InRange((output - expected).abs().max().item<float>(), 0, 1e-5f);
        Assert.InRange(((sum - expectedSum) / expectedSum.abs().clamp_min(1)).abs().max().item<float>(), 0, 1e-5f);
    }

    private static (Tensor Q, Tensor K, Tensor V) Draw(long heads, long groups, long queries, long keys)
    {
        using var random = new Generator(3, CPU);
        return (randn([heads, groups, queries, 16], generator: random) * 2, randn([heads, keys, 16], generator: random), randn([heads, keys, 16], generator: random));
    }

    private static (Tensor Output, Tensor LogSumExp) Fused(Tensor q, Tensor k, Tensor v, bool causal)
    {
        Tensor Each(Tensor x) => x.unsqueeze(1).expand(q.size(0), q.size(1), x.size(1), x.size(2));
        return Aten.FlashAttention(q, Each(k), Each(v), causal);
    }
}
