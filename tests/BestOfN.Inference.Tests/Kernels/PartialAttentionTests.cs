using BestOfN.Inference.Kernels;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Kernels;

/// <summary>Each way to attend to a part of the keys, against its definition in float64; queries, keys and values lie token by token, as a
/// product leaves them.</summary>
public sealed class PartialAttentionTests
{
    private delegate (Tensor Output, Tensor LogSumExp) Way(Tensor q, Tensor k, Tensor v, bool causal);

    // Sequences, key heads, groups, queries, keys, head size, causal.
    public static TheoryData<int, int, int, int, int, int, bool> Shapes => new()
    {
        { 1, 1, 1, 1, 1, 64, false },
        { 1, 3, 2, 7, 40, 64, false },
        { 2, 2, 1, 1500, 300, 64, false },      // several pieces
        { 1, 2, 3, 700, 700, 64, true },        // several pieces, the last one shorter
        { 5, 1, 4, 1, 1, 64, true },
        { 3, 2, 2, 65, 65, 128, true },         // one more than a panel of keys
        { 2, 1, 3, 50, 129, 128, false },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void Attention_in_tiles_equals_plain_attention(
        int sequences, int heads, int groups, int queries, int keys, int size, bool causal) =>
        Check(TiledAttention.Attend, ScalarType.Float32, 1e-5f, sequences, heads, groups, queries, keys, size, causal);

    [Theory, MemberData(nameof(Shapes))]
    public void Attention_by_matrix_products_equals_plain_attention(
        int sequences, int heads, int groups, int queries, int keys, int size, bool causal) =>
        Check(AttentionByProducts.Attend, ScalarType.Float32, 1e-5f, sequences, heads, groups, queries, keys, size, causal);

    [Theory, MemberData(nameof(Shapes))]
    public void In_bfloat16_it_differs_by_the_rounding_of_scores(
        int sequences, int heads, int groups, int queries, int keys, int size, bool causal) =>
        Check(AttentionByProducts.Attend, ScalarType.BFloat16, 0.03f, sequences, heads, groups, queries, keys, size, causal);

    [Theory]
    [InlineData(ScalarType.Float32, 64)]
    [InlineData(ScalarType.Float32, 16)]        // only the fused kernel takes these
    [InlineData(ScalarType.BFloat16, 16)]
    [InlineData(ScalarType.BFloat16, 64)]
    public void Every_kernel_of_forked_attention_equals_plain_attention(ScalarType type, int size)
    {
        var tolerance = type == ScalarType.Float32 ? 1e-5f : 0.03f;
        Check(PartialAttention.Attend, type, tolerance, 2, 3, 2, 70, 70, size, causal: true);
        Check(PartialAttention.Attend, type, tolerance, 2, 3, 2, 9, 70, size, causal: false);
    }

    [Fact]
    public void A_query_attends_to_the_same_numbers_whatever_else_is_in_the_batch()
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var (q, k, v) = Draw(ScalarType.Float32, 1, 2, 3, 200, 300, 64);
        var (all, _) = TiledAttention.Attend(q, k, v, causal: false);
        var (some, _) = TiledAttention.Attend(q.narrow(3, 77, 5), k, v, causal: false);
        Assert.True(all.narrow(3, 77, 5).eq(some).all().item<bool>());
    }

    [Fact]
    public void A_first_key_that_is_masked_does_not_change_the_softmax_sums()
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var (q, k, v) = Draw(ScalarType.Float32, 1, 2, 1, 5, 9, 64);
        k.narrow(2, 0, 1).copy_(q.narrow(3, 2, 1).squeeze(2) * tensor(-100f));
        var (expected, expectedSum) = Defined(q, k, v, causal: false);
        foreach (var attend in new Way[] { TiledAttention.Attend, AttentionByProducts.Attend })
        {
            var (output, sum) = attend(q, k, v, false);
            Assert.True(sum.isfinite().all().item<bool>());
            Assert.InRange((output - expected).abs().max().item<double>(), 0, 1e-5);
            Assert.InRange(((sum - expectedSum) / expectedSum.abs().maximum(tensor(1.0))).abs().max().item<double>(), 0, 1e-5);
        }
    }

    [Fact]
    public void NaN_stays_NaN()
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        foreach (var (attend, type) in new (Way, ScalarType)[]
        {
            (TiledAttention.Attend, ScalarType.Float32), (AttentionByProducts.Attend, ScalarType.Float32),
            (AttentionByProducts.Attend, ScalarType.BFloat16),
        })
        {
            var (q, k, v) = Draw(type, 1, 1, 1, 40, 100, 64);
            q[0, 0, 0, 7].copy_(tensor(float.NaN));
            var (output, sum) = attend(q, k, v, false);
            Assert.True(output[0, 0, 0, 7].isnan().all().item<bool>() && sum[0, 0, 0, 7].isnan().item<bool>());
            Assert.Equal(64, output.isnan().sum().item<long>());
        }
    }

    private static void Check(
        Way attend, ScalarType type, float tolerance, int sequences, int heads, int groups, int queries, int keys, int size, bool causal)
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var (q, k, v) = Draw(type, sequences, heads, groups, queries, keys, size);
        var (expected, expectedSum) = Defined(q, k, v, causal);

        var (output, sum) = attend(q, k, v, causal);

        Assert.Equal((type, ScalarType.Float32), (output.dtype, sum.dtype));
        Assert.Equal(q.shape, output.shape);
        Assert.Equal(q.shape[..4], sum.shape);
        Assert.InRange((output.to(ScalarType.Float64) - expected).abs().max().item<double>(), 0, tolerance);
        Assert.InRange((sum - expectedSum).abs().max().item<double>(), 0, 2 * tolerance);
    }

    private static (Tensor Q, Tensor K, Tensor V) Draw(
        ScalarType type, long sequences, long heads, long groups, long queries, long keys, long size)
    {
        using var random = new Generator(3, CPU);
        var scale = tensor(2 * (float)Math.Sqrt(16.0 / size));         // scores of one size whatever the heads'
        return (
            (randn([sequences, queries, heads, groups, size], generator: random) * scale).to(type).permute(0, 2, 3, 1, 4),
            randn([sequences, keys, heads, size], generator: random).to(type).transpose(1, 2),
            randn([sequences, keys, heads, size], generator: random).to(type).transpose(1, 2));
    }

    private static (Tensor Output, Tensor LogSumExp) Defined(Tensor q, Tensor k, Tensor v, bool causal)
    {
        var (wide, wideKeys, wideValues) = (q.to(ScalarType.Float64), k.to(ScalarType.Float64).unsqueeze(2),
            v.to(ScalarType.Float64).unsqueeze(2));
        var scores = wide.matmul(wideKeys.transpose(3, 4)) / tensor(Math.Sqrt(q.size(4)));
        if (causal)
        {
            scores = where(ones([q.size(3), k.size(2)], ScalarType.Bool).triu(1), tensor(double.NegativeInfinity), scores);
        }

        return (scores.softmax(-1).matmul(wideValues), scores.logsumexp(-1));
    }
}
