using BestOfN.Core.Rewards;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Scoring;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Scoring;

public sealed class SchedulerTests
{
    private const float Tolerance = 1e-4f;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sessions_that_wait_at_the_same_time_share_one_pass_without_padding()
    {
        using var fixture = new ScoringFixture();
        var random = new Random(1);
        using var gate = Hold(fixture);
        var prompts = Enumerable.Range(0, 3).Select(_ => ScoringFixture.Tokens(random, 20)).ToArray();
        var answers =
            prompts.Select((p, i) => new int[][] { [.. p, .. ScoringFixture.Tokens(random, 5 + i)],
                [.. p, .. ScoringFixture.Tokens(random, 11)] }).ToArray();
        var calls = prompts.Select((p, i) => fixture.Scheduler.ScoreAsync(
            fixture.Scheduler.Open(p), [.. answers[i].Select((a, k) => ScoringFixture.Sequence(k, a))], Cancelled)).ToArray();
        gate.Set();
        await Task.WhenAll(calls);
        Assert.Equal(1, fixture.Scheduler.Passes);
        Assert.Equal((3 * 20) + 5 + 6 + 7 + (3 * 11), fixture.ComputedTokens);
    }

    [Fact]
    public async Task A_pass_keeps_to_its_token_budget_and_takes_the_oldest_first()
    {
        using var fixture = new ScoringFixture(options: new ScoringOptions { TokensPerPass = 40 });
        var random = new Random(2);
        using var gate = Hold(fixture);
        var calls = Enumerable.Range(0, 4).Select(_ =>
        {
            var prompt = ScoringFixture.Tokens(random, 20);
            return fixture.ScoreAsync(fixture.Scheduler.Open(prompt), 0, [.. prompt, .. ScoringFixture.Tokens(random, 10)]);
        }).ToArray();
        using var afterFirstPass = Hold(fixture);
        gate.Set();
        await calls[0];
        Assert.All(calls[1..], call => Assert.False(call.IsCompleted));
        afterFirstPass.Set();
        await Task.WhenAll(calls);
        Assert.Equal(4 * 30, fixture.ComputedTokens);
        Assert.InRange(fixture.Scheduler.Passes, 3, 5);   // 120 tokens, at most 40 each; a sequence is cut only where it alone is too long
    }

    [Fact]
    public async Task The_prompt_is_prefilled_before_any_answer_arrives()
    {
        using var fixture = new ScoringFixture();
        var prompt = ScoringFixture.Tokens(new Random(3), 30);
        var context = fixture.Scheduler.Open(prompt);
        await fixture.IdleAsync();
        Assert.Equal(30, fixture.ComputedTokens);
        await fixture.ScoreAsync(context, 0, [.. prompt, 7, 8, 9]);
        Assert.Equal(33, fixture.ComputedTokens);
    }

    [Fact]
    public async Task An_answer_that_grows_costs_its_new_tokens_only()
    {
        using var fixture = new ScoringFixture();
        var random = new Random(4);
        var prompt = ScoringFixture.Tokens(random, 30);
        var context = fixture.Scheduler.Open(prompt);
        int[] whole = [.. prompt, .. ScoringFixture.Tokens(random, 100)];
        await fixture.ScoreAsync(context, 0, whole[..60], isComplete: false);
        await fixture.ScoreAsync(context, 0, whole[..61], isComplete: false);
        var score = await fixture.ScoreAsync(context, 0, whole);
        Assert.Equal(130, fixture.ComputedTokens);
        Assert.Equal(30 + 31, fixture.ReusedTokens);
        Assert.Equal(ReferenceScores.AtLast(fixture.Network, whole), score, Tolerance);

        // Complete: its state is gone, and asking again computes it again, from the prompt on.
        await fixture.ScoreAsync(context, 0, whole);
        Assert.Equal(230, fixture.ComputedTokens);
    }

    [Fact]
    public async Task A_second_turn_costs_its_new_tokens_only()
    {
        using var fixture = new ScoringFixture();
        var random = new Random(5);
        var first = ScoringFixture.Tokens(random, 40);
        int[] second = [.. first, .. ScoringFixture.Tokens(random, 25)];
        fixture.Scheduler.Close(fixture.Scheduler.Open(first));   // read, or dropped before it was
        var context = fixture.Scheduler.Open(first);
        await fixture.IdleAsync();
        fixture.Scheduler.Close(context);
        var computed = fixture.ComputedTokens;
        Assert.Equal(40, computed);

        var score = await fixture.ScoreAsync(fixture.Scheduler.Open(second), 0, [.. second, 9]);
        Assert.Equal(25 + 1, fixture.ComputedTokens - computed);
        Assert.Equal(1, fixture.Scheduler.Cache.PartialHits);
        Assert.Equal(ReferenceScores.AtLast(fixture.Network, [.. second, 9]), score, Tolerance);

        await fixture.ScoreAsync(fixture.Scheduler.Open(first), 0, [.. first, 9]);   // the shorter one lies within the longer
        Assert.Equal(25 + 1 + 1, fixture.ComputedTokens - computed);
        Assert.True(fixture.Scheduler.Cache.ReusedTokens >= 80);
    }

    [Fact]
    public async Task The_cache_frees_the_least_recently_used_and_never_what_is_in_use()
    {
        using var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen3-seqcls/plain"), ScalarType.Float32, CPU);
        var bytes = new PackedScorer(network).BytesFor(20);
        using var fixture = new ScoringFixture(options: new ScoringOptions { PromptCacheBytes = 2 * bytes });
        var cache = fixture.Scheduler.Cache;
        var prompts = Enumerable.Range(0, 4).Select(i => ScoringFixture.Tokens(new Random(100 + i), 20)).ToArray();
        async Task<ScoringContext> Open(int i)
        {
            var opened = fixture.Scheduler.Open(prompts[i]);
            await fixture.IdleAsync();
            return opened;
        }

        var inUse = await Open(0);
        fixture.Scheduler.Close(await Open(1));
        fixture.Scheduler.Close(await Open(2));                // 1 must go: 0 is older, but in use
        Assert.Equal((2L * bytes, 1L, 3L), (cache.Bytes, cache.Evictions, cache.Misses));
        fixture.Scheduler.Close(await Open(0));
        Assert.Equal(1, cache.Hits);
        var second = await Open(2);
        var third = await Open(3);                             // all in use: over the budget until one is given back
        Assert.Equal(3 * bytes, cache.Bytes);
        fixture.Scheduler.Close(second);
        fixture.Scheduler.Close(third);
        fixture.Scheduler.Close(inUse);
        await fixture.IdleAsync();
        Assert.Equal(2 * bytes, cache.Bytes);
        Assert.Equal(2, cache.Count);
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once()
    {
        using var fixture = new ScoringFixture(options: new ScoringOptions { QueueLength = 2 });
        using var gate = Hold(fixture);
        var first = fixture.Scheduler.Open([5, 6, 7]);
        var second = fixture.Scheduler.Open([5, 6, 8]);
        var third = fixture.Scheduler.Open([5, 6, 9]);         // its prompt must wait for its first call
        // take their prompts' places
        Task<float>[] calls = [fixture.ScoreAsync(first, 0, [5, 6, 7, 8]), fixture.ScoreAsync(second, 0, [5, 6, 8, 8])];
        var refused = await Assert.ThrowsAsync<ScoringFailedException>(() => fixture.ScoreAsync(third, 0, [5, 6, 9, 8]));
        Assert.Contains("queue is full", refused.Message, StringComparison.Ordinal);
        gate.Set();
        await Task.WhenAll(calls);
        await fixture.ScoreAsync(third, 0, [5, 6, 9, 8]);
    }

    [Fact]
    public async Task Cancelled_work_leaves_the_queue_and_its_neighbours_stay()
    {
        using var fixture = new ScoringFixture();
        using var gate = Hold(fixture);
        using var cancellation = new CancellationTokenSource();
        var left = fixture.Scheduler.ScoreAsync(
            fixture.Scheduler.Open([5, 6, 7]), [ScoringFixture.Sequence(0, [5, 6, 7, 8])], cancellation.Token);
        var stays = fixture.ScoreAsync(fixture.Scheduler.Open([15, 16, 17]), 0, [15, 16, 17, 18]);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.Equal(1, fixture.Scheduler.Waiting);
        gate.Set();
        await stays;
        Assert.Equal(4, fixture.ComputedTokens);
    }

    [Fact]
    public async Task A_closed_session_drops_its_work_and_frees_its_state()
    {
        using var fixture = new ScoringFixture(options: new ScoringOptions { PromptCacheBytes = 0 });
        using var gate = Hold(fixture);
        var context = fixture.Scheduler.Open([5, 6, 7]);
        var dropped = fixture.ScoreAsync(context, 0, [5, 6, 7, 8]);
        fixture.Scheduler.Close(context);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dropped);
        Assert.Equal(0, fixture.Scheduler.Waiting);
        gate.Set();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => fixture.ScoreAsync(context, 0, [5, 6, 7, 8]));

        var read = fixture.Scheduler.Open([5, 6, 7]);
        await fixture.IdleAsync();
        Assert.True(fixture.Scheduler.Cache.Bytes > 0);
        fixture.Scheduler.Close(read);
        await fixture.IdleAsync();
        Assert.Equal(0, fixture.Scheduler.Cache.Bytes);
    }

    [Fact]
    public async Task A_conversation_that_is_too_long_is_refused_with_both_numbers()
    {
        using var fixture = new ScoringFixture("qwen2-rm/two-layer-head");   // 4096 positions
        var ids = ScoringFixture.Tokens(new Random(6), 4097);
        var refused = await Assert.ThrowsAsync<ScoringFailedException>(() => fixture.ScoreAsync(fixture.Scheduler.Open(ids[..10]), 3, ids));
        Assert.Contains("4097", refused.Message, StringComparison.Ordinal);
        Assert.Contains("4096", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_score_that_is_not_a_number_costs_its_answer_and_no_other()
    {
        var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen3-seqcls/plain"), ScalarType.Float32, CPU);
        using (no_grad())
        {
            // The mapping is read-only, so the embedding of one token is spoilt in a copy.
            var spoilt = network.Decoder.Embedding.clone();
            spoilt[300] = float.NaN;
            var c = network.Decoder.Configuration;
            var decoder = DecoderLoader.Load(
                BestOfN.Inference.Networks.Families.Qwen3.Family, c, (name, _) => name.Contains("embed", StringComparison.Ordinal) ? spoilt
                    : network.Decoder.Parameters.Single(p => p.Key == name).Value.alias());
            network = new RewardNetwork(decoder, network.Head) { Architecture = network.Architecture };
        }

        using var fixture = new ScoringFixture(network: network);
        using var gate = Hold(fixture);
        var bad = fixture.ScoreAsync(fixture.Scheduler.Open([5, 6, 7]), 4, [5, 6, 7, 300]);
        var good = fixture.ScoreAsync(fixture.Scheduler.Open([15, 16, 17]), 0, [15, 16, 17, 18]);
        gate.Set();
        Assert.True(float.IsNaN(await bad));
        Assert.True(float.IsFinite(await good));
        Assert.Equal(1, fixture.Scheduler.Passes);
    }

    [Fact]
    public async Task A_token_outside_the_vocabulary_is_refused_before_it_reaches_the_device()
    {
        using var fixture = new ScoringFixture();
        var refused = await Assert.ThrowsAsync<ScoringFailedException>(
            () => fixture.ScoreAsync(fixture.Scheduler.Open([5, 100_000]), 2, [5, 100_000, 8]));
        Assert.Contains("Answer 2", refused.Message, StringComparison.Ordinal);
        await fixture.IdleAsync();
        Assert.Equal(0, fixture.ComputedTokens);
    }

    [Fact]
    public async Task A_pass_that_breaks_fails_its_calls_and_later_ones_are_still_answered()
    {
        var network = NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen3-seqcls/plain"), ScalarType.Float32, CPU);
        using var fixture = new ScoringFixture(network: new RewardNetwork(network.Decoder,
            RewardHead.Linear("score", zeros(1, 7))) { Architecture = network.Architecture });
        for (var i = 0; i < 2; i++)
        {
            var failure = await Assert.ThrowsAsync<ScoringFailedException>(
                () => fixture.ScoreAsync(fixture.Scheduler.Open([5, 6, 7]), 0, [5, 6, 7, 8]));
            Assert.StartsWith("The scoring pass failed", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', failure.Message);
        }

        Assert.Equal(0, fixture.Scheduler.Waiting);
        network.Head.Dispose();
    }

    [Fact]
    public async Task Disposing_the_scheduler_or_the_worker_ends_what_waits()
    {
        var fixture = new ScoringFixture();
        var gate = Hold(fixture);
        var waiting = fixture.ScoreAsync(fixture.Scheduler.Open([5, 6, 7]), 0, [5, 6, 7, 8]);
        var disposing = Task.Run(fixture.Dispose, Cancelled);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        gate.Set();
        await disposing;
        gate.Dispose();

        using var orphan = new ScoringFixture();
        orphan.Worker.Dispose();
        var context = orphan.Scheduler.Open([5, 6, 7]);
        await Assert.ThrowsAsync<ScoringFailedException>(() => orphan.ScoreAsync(context, 0, [5, 6, 7, 8]));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(90)]
    public async Task Past_the_positions_of_dynamic_rope_a_sequence_is_computed_alone(int length)
    {
        using var plain = NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen3-seqcls/plain"), ScalarType.Float32, CPU);
        var c = plain.Decoder.Configuration with { MaxPositions = 50, RopeScaling = new DynamicRopeScaling(2) };
        var decoder = DecoderLoader.Load(BestOfN.Inference.Networks.Families.Qwen3.Family, c,
            (name, _) => plain.Decoder.Parameters.Single(p => p.Key == name).Value.alias());
        using var fixture = new ScoringFixture(network: new RewardNetwork(decoder, RewardHead.Linear("score", plain.Head.Weight.alias()))
        {
            Architecture = plain.Architecture,
        });
        var ids = ScoringFixture.Tokens(new Random(7), length);
        foreach (var prompt in (int[])[30, Math.Min(length - 1, 70)])
        {
            var context = fixture.Scheduler.Open(ids[..prompt]);
            var scores = await fixture.Scheduler.ScoreAsync(
                context, [ScoringFixture.Sequence(0, ids), ScoringFixture.Sequence(1, ids[..(prompt + 1)])], Cancelled);
            Assert.Equal(ReferenceScores.AtLast(fixture.Network, ids), scores[0][0], Tolerance);
            Assert.Equal(ReferenceScores.AtLast(fixture.Network, ids[..(prompt + 1)]), scores[1][0], Tolerance);
        }

        Assert.Equal(100, fixture.Scheduler.MaxLength);
    }

    [Fact]
    public async Task Bfloat16_agrees_with_float32_within_a_loose_bound()
    {
        using var exact = new ScoringFixture();
        using var half = new ScoringFixture(network: NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen3-seqcls/plain"),
            ScalarType.BFloat16, CPU));
        var ids = ScoringFixture.Tokens(new Random(8), 60);
        foreach (var length in (int[])[25, 40, 60])
        {
            var scores = await Task.WhenAll(
                exact.ScoreAsync(exact.Scheduler.Open(ids[..20]), 0, ids[..length]),
                    half.ScoreAsync(half.Scheduler.Open(ids[..20]), 0, ids[..length]));
            Assert.Equal(scores[0], scores[1], 0.15f);   // scores of this network spread over about 3
        }
    }

    [Fact]
    public async Task Bfloat16_heads_that_fill_a_register_agree_with_float32_alone_and_in_company()
    {
        using var golden = NetworkLoader.RewardNetwork(GoldenFiles.Folder("qwen3-seqcls/plain"), ScalarType.Float32, CPU);
        RewardNetwork Wide(ScalarType type)
        {
            using var scope = NewDisposeScope();
            using var random = new Generator(4, CPU);
            var decoder = DecoderLoader.Load(
                BestOfN.Inference.Networks.Families.Qwen3.Family, golden.Decoder.Configuration with { HeadSize = 32 },
                    (name, shape) =>
                        (shape.Length == 1 ? ones(shape.ToArray()) : randn(shape.ToArray(), generator: random) * tensor(0.2f)).to(type));
            return new RewardNetwork(decoder, RewardHead.Linear("score", golden.Head.Weight.clone().DetachFromDisposeScope()))
            {
                Architecture = golden.Architecture,
            };
        }

        using var exact = new ScoringFixture(network: Wide(ScalarType.Float32));
        using var half = new ScoringFixture(network: Wide(ScalarType.BFloat16));
        var ids = ScoringFixture.Tokens(new Random(8), 60);
        ScoringSequence[] sequences =
            [.. new[] { 25, 40, 40, 60, 25, 60 }.Select((length, i) => ScoringFixture.Sequence(i, ids[..length]))];
        var expected = await exact.Scheduler.ScoreAsync(exact.Scheduler.Open(ids[..20]), sequences, Cancelled);
        var together = await half.Scheduler.ScoreAsync(half.Scheduler.Open(ids[..20]), sequences, Cancelled);
        for (var i = 0; i < sequences.Length; i++)
        {
            Assert.Equal(expected[i][0], together[i][0], 0.15f);
            Assert.Equal(expected[i][0], await half.ScoreAsync(half.Scheduler.Open(ids[..20]), i, sequences[i].Ids), 0.15f);
        }
    }

    /// <summary>Keeps the device busy until set, so that calls gather in the queue.</summary>
    private static ManualResetEventSlim Hold(ScoringFixture fixture)
    {
        var gate = new ManualResetEventSlim();
        _ = fixture.Worker.RunAsync(() => gate.Wait(TimeSpan.FromSeconds(60)), Cancelled);
        return gate;
    }
}
