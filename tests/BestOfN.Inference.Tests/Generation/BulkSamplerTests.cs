using BestOfN.Inference.Generation;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inputs.Decoding;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Generation;

[Collection(NativeMemory.Name)]
public sealed class BulkSamplerTests
{
    private static readonly int[][] s_prompts = [.. Enumerable.Range(0, 13).Select(i => RandomModels.Prompt(3 + (i * 5 % 11), i))];

    [Fact]
    public void Batching_changes_no_answer()
    {
        using var model = Model();
        var whole = Sample(model, 1000);
        foreach (var batch in (int[])[1, 4, 9])
        {
            Assert.Equal(whole.SelectMany(p => p).Select(Text), Sample(model, batch).SelectMany(p => p).Select(Text));
        }

        static string Text(BulkSample s) => $"{string.Join(' ', s.Ids)} {s.IsComplete}";
    }

    [Fact]
    public void Greedy_answers_are_those_of_naive_decoding_up_to_the_end_token()
    {
        using var model = Model();
        var answers = BulkSampler.Sample(model, s_prompts, 2, TokenSampling.Greedy, 1, 12,
            8, [13, 30, 41, 47], cancellationToken: TestContext.Current.CancellationToken);
        using var inference = inference_mode();
        for (var i = 0; i < s_prompts.Length; i++)
        {
            var naive = RandomModels.NaiveGreedy(model, s_prompts[i], 12);
            var end = Array.FindIndex(naive, t => t is 13 or 30 or 41 or 47);
            Assert.All(answers[i], a =>
            {
                Assert.Equal(end >= 0, a.IsComplete);
                Assert.Equal(end >= 0 ? naive[..end] : naive, a.Ids);
            });
        }
    }

    [Fact]
    public void Weights_that_require_gradients_may_be_used_between_steps_of_training()
    {
        using var model = RandomModels.Create(mode: ComputeMode.Training);
        foreach (var (_, parameter) in model.Decoder.Parameters)
        {
            parameter.requires_grad = true;
        }

        var before = Tensor.TotalCount;
        var finished = 0;
        BulkSampler.Sample(model, s_prompts, 3, new TokenSampling(), 1, 8, 16, progress: n => finished = n,
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(39, finished);
        Assert.Equal(before, Tensor.TotalCount);
        using var scope = NewDisposeScope();
        model.Decoder.Forward(tensor(new long[] { 5, 6 }), tensor(new long[] { 0, 1 }), new BatchedAttention(1))!.sum().backward();
        Assert.NotNull(model.Decoder.Parameters[0].Value.grad);
    }

    [Fact]
    public void Seeds_make_answers_and_other_seeds_make_others()
    {
        using var model = Model();
        Assert.Equal(Flat(1), Flat(1));
        Assert.NotEqual(Flat(1), Flat(2));
        string Flat(long seed) =>
            string.Join(
                ' ', BulkSampler.Sample(model, s_prompts, 2, new TokenSampling(), seed, 6,
                    cancellationToken: TestContext.Current.CancellationToken).SelectMany(p => p).SelectMany(s => s.Ids));
    }

    private static LanguageModel Model()
    {
        using var none = no_grad();
        return RandomModels.Create();
    }

    private static BulkSample[][] Sample(LanguageModel model, int batch) => BulkSampler.Sample(
        model, s_prompts, 3, new TokenSampling(), 7, 10, batch, [13, 30], cancellationToken: TestContext.Current.CancellationToken);
}
