using BestOfN.Inference.Generation;
using BestOfN.Inputs.Decoding;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Generation;

/// <summary>Forked, batched, continuous decoding against full recomputation of every step.</summary>
[Collection(NativeMemory.Name)]
public sealed class SequenceBatchTests
{
    public static TheoryData<string, int> Families => new() { { "InternLM2", 2 }, { "Llama", 4 }, { "Qwen2", 1 }, { "Qwen3", 2 } };

    [Theory, MemberData(nameof(Families))]
    public void Forks_of_one_prompt_decode_as_if_computed_anew_each_step(string family, int keyValueHeads)
    {
        using var inference = inference_mode();
        using var model = RandomModels.Create(family, keyValueHeads);
        using var batch = new SequenceBatch(model);
        var prompt = RandomModels.Prompt(23);
        var forks = Sequences(3);
        batch.Add([(prompt, forks)], 12);
        Run(batch, 12);
        var expected = RandomModels.NaiveGreedy(model, prompt, 12);
        Assert.All(forks, f => Assert.Equal(expected, f.Ids));
    }

    [Theory, MemberData(nameof(Families))]
    public void A_step_of_prepacked_weights_decodes_as_the_model_does(string family, int keyValueHeads)
    {
        using var inference = inference_mode();
        using var model = RandomModels.Create(family, keyValueHeads);
        using var prepacked = model.Prepack();
        using var batch = new SequenceBatch(prepacked ?? model);
        var prompt = RandomModels.Prompt(23);
        var forks = Sequences(3);
        batch.Add([(prompt, forks)], 12);
        Run(batch, 12);
        var expected = RandomModels.NaiveGreedy(model, prompt, 12);
        Assert.All(forks, f => Assert.Equal(expected, f.Ids));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(5, false)]
    [InlineData(30, false)]
    [InlineData(1000, false)]
    [InlineData(1, true)]
    [InlineData(5, true)]
    [InlineData(1000, true)]
    public void Prompts_of_unequal_lengths_decode_together_whatever_the_size_of_a_prefill(int tokensPerPrefill, bool isPrepacked)
    {
        using var inference = inference_mode();
        using var model = RandomModels.Create();
        using var prepacked = isPrepacked ? model.Prepack() : null;
        using var batch = new SequenceBatch(prepacked ?? model);
        int[][] prompts = [RandomModels.Prompt(9, 1), RandomModels.Prompt(14, 2), RandomModels.Prompt(1, 3), RandomModels.Prompt(14, 4)];
        var sequences = prompts.Select((_, i) => Sequences(i + 1)).ToArray();
        batch.Add([.. prompts.Select((p, i) => ((IReadOnlyList<int>)p, (IReadOnlyList<TokenSequence>)sequences[i]))], 10);
        Run(batch, 10, tokensPerPrefill);
        for (var i = 0; i < prompts.Length; i++)
        {
            var expected = RandomModels.NaiveGreedy(model, prompts[i], 10);
            Assert.All(sequences[i], s => Assert.Equal(expected, s.Ids));
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_prompt_may_be_longer_than_what_goes_through_a_layer_at_a_time(bool isPrepacked)
    {
        using var inference = inference_mode();
        using var model = RandomModels.Create(maxPositions: 4096);
        using var prepacked = isPrepacked ? model.Prepack() : null;
        using var batch = new SequenceBatch(prepacked ?? model);
        var (prompt, forks) = (RandomModels.Prompt(2100), Sequences(2));
        batch.Add([(prompt, forks)], 3);
        Run(batch, 3, tokensPerPrefill: 4096);
        Assert.Equal(RandomModels.NaiveGreedy(model, prompt, 3), forks[1].Ids);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Answers_may_outgrow_the_first_piece_of_cache(bool isPrepacked)
    {
        using var inference = inference_mode();
        using var model = RandomModels.Create();
        using var prepacked = isPrepacked ? model.Prepack() : null;
        using var batch = new SequenceBatch(prepacked ?? model);
        var (prompt, forks) = (RandomModels.Prompt(5), Sequences(2));
        batch.Add([(prompt, forks)], 150);
        Run(batch, 150);
        Assert.Equal(RandomModels.NaiveGreedy(model, prompt, 150), forks[1].Ids);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Requests_that_join_or_leave_a_running_batch_change_nothing_in_the_others(bool isPrepacked)
    {
        using var inference = inference_mode();
        using var model = RandomModels.Create();
        using var prepacked = isPrepacked ? model.Prepack() : null;
        using var batch = new SequenceBatch(prepacked ?? model);
        var early = Sequences(3);
        var late = Sequences(2);
        batch.Add([(RandomModels.Prompt(11, 1), early)], 20);
        batch.Prefill(100);
        for (var i = 0; i < 4; i++)
        {
            batch.Decode();
        }

        early[1].End();
        batch.Add([(RandomModels.Prompt(17, 2), late)], 20);
        Assert.Equal(4, batch.Count);
        batch.Prefill(8);                        // a part of the prompt; the others go on meanwhile
        batch.Decode();
        Assert.Empty(late[0].Ids);
        batch.Prefill(100);
        for (var i = 0; i < 5; i++)
        {
            batch.Decode();
        }

        early[0].End();
        early[2].End();
        batch.Decode();
        Assert.Equal(2, batch.Count);
        Assert.Equal(RandomModels.NaiveGreedy(model, RandomModels.Prompt(11, 1), 11), early[0].Ids);
        Assert.Equal(early[0].Ids.Take(5), early[1].Ids);
        Assert.Equal(RandomModels.NaiveGreedy(model, RandomModels.Prompt(17, 2), 7), late[1].Ids);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Ended_sequences_leave_their_siblings_and_other_prompts_as_they_would_have_been(bool isPrepacked)
    {
        using var inference = inference_mode();
        using var model = RandomModels.Create();
        using var prepacked = isPrepacked ? model.Prepack() : null;
        int[][] prompts = [RandomModels.Prompt(9, 1), RandomModels.Prompt(14, 2), RandomModels.Prompt(6, 3), RandomModels.Prompt(8, 4)];
        TokenSequence[][] Draw(Action<int, TokenSequence[][]> afterStep)
        {
            using var batch = new SequenceBatch(prepacked ?? model);
            var sequences = prompts.Select((_, p) => Enumerable.Range(0, 3).Select(s =>
                new TokenSequence(new TokenSampling(), (p * 3) + s)).ToArray()).ToArray();
            batch.Add([.. prompts.Select((p, i) => ((IReadOnlyList<int>)p, (IReadOnlyList<TokenSequence>)sequences[i]))], 16);
            batch.Prefill(1000);
            for (var step = 1; step < 16; step++)
            {
                afterStep(step, sequences);
                batch.Decode();
            }

            return sequences;
        }

        var undisturbed = Draw((_, _) => { });
        var disturbed = Draw((step, s) =>
        {
            TokenSequence[] ended = step switch { 2 => [s[1][0]], 4 => [s[0][0], s[0][1], s[0][2]],
                6 => s[3], 8 => [s[2][1]], 10 => [s[1][1], s[2][0]], _ => [] };
            Array.ForEach(ended, e => e.End());
        });
        for (var p = 0; p < prompts.Length; p++)
        {
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(undisturbed[p][i].Ids.Take(disturbed[p][i].Ids.Count), disturbed[p][i].Ids);
            }
        }

        Assert.Equal(16, disturbed[2][2].Ids.Count);
        Assert.Equal(4, disturbed[0][0].Ids.Count);
    }

    [Fact]
    public void Nothing_native_is_left_when_all_have_ended()
    {
        using var inference = inference_mode();
        using var model = RandomModels.Create();
        using var batch = new SequenceBatch(model);
        var before = Tensor.TotalCount;
        for (var round = 0; round < 20; round++)
        {
            var sequences = Sequences(4, new TokenSampling { TopP = 0.9, TopK = 20, MinP = 0.01, FrequencyPenalty = 0.5 });
            batch.Add([(RandomModels.Prompt(7), [sequences[0], sequences[1]]), (RandomModels.Prompt(9), [sequences[2]]),
                (RandomModels.Prompt(3), [sequences[3]])], 8);
            Run(batch, 3);
            sequences[2].End();
            Run(batch, 5);
            Array.ForEach(sequences, s => s.End());
            batch.Compact();
            Assert.Equal(before, Tensor.TotalCount);
        }
    }

    private static TokenSequence[] Sequences(int count, TokenSampling? sampling = null) =>
        [.. Enumerable.Range(0, count).Select(i => new TokenSequence(sampling ?? TokenSampling.Greedy, i))];

    private static void Run(SequenceBatch batch, int tokens, int tokensPerPrefill = 1000)
    {
        var drawn = 0;
        while (batch.HasPrompts)
        {
            drawn = batch.Prefill(tokensPerPrefill).Count > 0 ? 1 : 0;
        }

        for (; drawn < tokens; drawn++)
        {
            batch.Decode();
        }
    }
}
