using BestOfN.Inference.Kernels;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Kernels;

/// <summary>Against softmax(q·kᵀ/√D)·v in float64 over each row's own sequence.</summary>
[Collection(NativeMemory.Name)]
public sealed class ForkedAttentionTests
{
    // Prompt tokens of each prompt, and rows that continue it.
    private static readonly (int Length, int Rows)[] s_prompts = [(70, 1), (1, 5), (33, 3)];

    [Theory]
    [InlineData(2, 1, 8, 1)]
    [InlineData(1, 4, 24, 3)]
    [InlineData(4, 3, 64, 40)]
    [InlineData(3, 2, 80, 65)]
    public void Every_row_attends_to_its_prompt_and_its_own_tokens(int keyHeads, int groups, int headSize, int own)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        Assert.True(Difference(new Sizes(keyHeads, groups, headSize, own), ScalarType.Float32) < 2e-6);
        // a result of order one is rounded to 8 bits
        Assert.True(Difference(new Sizes(keyHeads, groups, headSize, own), ScalarType.BFloat16) < 0.01);
    }

    [Fact]
    public void A_row_does_not_depend_on_the_other_rows()
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        var sizes = new Sizes(2, 3, 16, 5);
        var (_, together) = Attend(sizes, ScalarType.Float32, s_prompts);
        var (_, alone) = Attend(sizes, ScalarType.Float32, [s_prompts[0]]);
        Assert.Equal(together.narrow(0, 0, 1).data<float>().ToArray(), alone.data<float>().ToArray());
    }

    private static double Difference(Sizes sizes, ScalarType type)
    {
        var (expected, met) = Attend(sizes, type, s_prompts);
        return (met.to(ScalarType.Float64) - expected).abs().max().item<double>();
    }

    private static (Tensor Expected, Tensor Met) Attend(Sizes sizes, ScalarType type, (int Length, int Rows)[] prompts)
    {
        var (K, g, D, A) = (sizes.KeyHeads, sizes.Groups, sizes.HeadSize, sizes.Own);
        using var generator = new Generator(3);
        Tensor Random(params long[] shape) => randn(shape, generator: generator).to(type);
        Tensor NotANumber(params long[] shape) => tensor(float.NaN).expand(shape).to(type).contiguous();
        var (rows, longest, room, wide) = (prompts.Sum(p => p.Rows), prompts.Max(p => p.Length), A + 7, Lanes.Up(D));
        var promptKeys = NotANumber(prompts.Length, K, Lanes.Up(longest), D);
        var promptValues = NotANumber(prompts.Length, K, longest, wide);
        var ownKeys = NotANumber(rows, K, Lanes.Up(room), D);
        var ownValues = NotANumber(rows, K, room, wide);

        // Queries, new keys and new values lie side by side, as the product leaves them.
        var all = empty(rows, (g + 2) * K, D, type);
        var (q, k, v) = (all.narrow(1, 0, g * K), all.narrow(1, g * K, K), all.narrow(1, (g + 1) * K, K));
        var expected = new List<Tensor>();
        var forks = new List<ForkedAttention.Fork>();
        var row = 0;
        for (var p = 0; p < prompts.Length; p++)
        {
            var (length, count) = prompts[p];
            forks.Add(new(p, length, row, count));
            var (keys, values) = (Random(K, length, D), Random(K, length, D));
            promptKeys[p].narrow(1, 0, length).copy_(keys);
            promptValues[p].narrow(1, 0, length).narrow(2, 0, D).copy_(values);
            for (var i = 0; i < count; i++, row++)
            {
                var (query, newKeys, newValues) = (Random(K, g, D), Random(K, A, D), Random(K, A, D));
                all[row].copy_(cat([query.view(K * g, D), newKeys.select(1, A - 1), newValues.select(1, A - 1)], 0));
                ownKeys[row].narrow(1, 0, A - 1).copy_(newKeys.narrow(1, 0, A - 1));
                ownValues[row].narrow(1, 0, A - 1).narrow(2, 0, D).copy_(newValues.narrow(1, 0, A - 1));
                var (allKeys, allValues) = (cat([keys, newKeys], 1).to(ScalarType.Float64),
                    cat([values, newValues], 1).to(ScalarType.Float64));
                var shares = (query.to(ScalarType.Float64).matmul(allKeys.transpose(1, 2)) / tensor(Math.Sqrt(D))).softmax(-1);
                expected.Add(shares.matmul(allValues).view(1, K * g, D));
            }
        }

        return (cat(expected, 0),
            ForkedAttention.Attend(forks, q, k, v, (Blocks(promptKeys), promptValues), (Blocks(ownKeys), ownValues), A));
    }

    private static Tensor Blocks(Tensor keys) =>
        keys.view(keys.size(0), keys.size(1), keys.size(2) / Lanes.Count, Lanes.Count, keys.size(3)).transpose(3, 4).contiguous();

    private sealed record Sizes(int KeyHeads, int Groups, int HeadSize, int Own);
}
