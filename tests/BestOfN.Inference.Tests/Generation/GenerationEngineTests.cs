using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Inference.Generation;
using TorchSharp;
using static BestOfN.Inference.Tests.Generation.GenerationFixture;

namespace BestOfN.Inference.Tests.Generation;

public sealed class GenerationEngineTests : IDisposable
{
    private readonly GenerationFixture _fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Candidates_are_what_the_model_says_and_deltas_add_up_to_it()
    {
        var engine = _fixture.Engine();
        var expected = Text(Naive(12, 1, 9));
        var events = await All(engine.Start(Request("12/1", 3, Greedy(9)), Token));
        foreach (var candidate in Finished(events, 3))
        {
            Assert.Equal(expected, candidate.Text);
            Assert.Equal(
                expected, string.Concat(events.OfType<CandidateDelta>().Where(d => d.Index == candidate.Index).Select(d => d.Text)));
            Assert.Equal("length", candidate.FinishReason);
            Assert.Equal(new TokenUsage(12, 9), candidate.Usage);
            Assert.Equal(JsonSerializer.Serialize(new { role = "assistant", content = expected, refusal = (string?)null }),
                JsonSerializer.Serialize(JsonDocument.Parse(candidate.Message)));
            Assert.True(candidate.Logprobs.IsEmpty);
        }
    }

    [Fact]
    public async Task A_seeded_candidate_is_the_same_in_any_batch_where_kernels_promise_it()
    {
        var engine = _fixture.Engine();
        var sampling = new SamplingParameters { MaxTokens = 40, Seed = 11, Logprobs = true };
        var alone = await Only(engine.Start(Request("23/1", 1, sampling), Token));
        var others = Enumerable.Range(2, 9).Select(
            i => All(engine.Start(Request($"{5 * i}/{i}", i % 3 + 1, sampling with { MaxTokens = 9 * i, Seed = i }), Token))).ToArray();
        var first = Finished(await All(engine.Start(Request("23/1", 5, sampling), Token)), 5)[0];
        await Task.WhenAll(others);
        if (engine.Computation!.IsExact)
        {
            Assert.Equal((alone.Text, Convert.ToHexString(alone.Logprobs.Span)), (first.Text, Convert.ToHexString(first.Logprobs.Span)));
            return;
        }

        // The first token comes before anything is computed beside it; those after it are as likely as they were, as long as the text is
        // the same.
        Assert.Equal(alone.Text[..1], first.Text[..1]);
        var (before, after) = (Logprobs(alone), Logprobs(first));
        for (var i = 0; i < before.Length && i < after.Length && before[i].Token == after[i].Token; i++)
        {
            Assert.InRange(
                Math.Abs(before[i].Logprob - after[i].Logprob), 0, engine.Computation.Tolerance * Math.Max(1, Math.Abs(before[i].Logprob)));
        }

        static (string Token, double Logprob)[] Logprobs(Candidate candidate)
        {
            using var json = JsonDocument.Parse(candidate.Logprobs);
            return [.. json.RootElement.GetProperty("content").EnumerateArray()
                .Select(t => (t.GetProperty("token").GetString()!, t.GetProperty("logprob").GetDouble()))];
        }
    }

    [Fact]
    public async Task An_end_token_stops_an_answer_and_is_not_part_of_it()
    {
        var ids = Naive(12, 1, 9);
        var end = ids.Select((id, i) => (id, i)).First(x => x.i >= 3 && Array.IndexOf(ids, x.id) == x.i);
        var candidate = await Only(_fixture.Engine(ends: [end.id]).Start(Request("12/1", 1, Greedy(9)), Token));
        Assert.Equal("stop", candidate.FinishReason);
        Assert.Equal(Text(ids[..end.i]), candidate.Text);
        Assert.Equal(end.i + 1, candidate.Usage.CompletionTokens);
    }

    [Fact]
    public async Task A_stop_string_across_tokens_ends_the_answer_and_its_logprobs()
    {
        var text = Text(Naive(12, 1, 9));
        var stop = text.Substring(7, 4);                            // in the middle of tokens of two letters
        var events = await All(
            _fixture.Engine().Start(Request("12/1", 1, Greedy(9) with { Stop = ["none", stop], Logprobs = true }), Token));
        var candidate = Finished(events, 1)[0];
        Assert.Equal("stop", candidate.FinishReason);
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], candidate.Text);
        Assert.Equal(candidate.Text, string.Concat(events.OfType<CandidateDelta>().Select(d => d.Text)));
        using var logprobs = JsonDocument.Parse(candidate.Logprobs);
        Assert.Equal((candidate.Text.Length + 1) / 2, logprobs.RootElement.GetProperty("content").GetArrayLength());
    }

    [Fact]
    public async Task A_seed_gives_the_same_candidate_alone_in_company_and_beside_other_requests()
    {
        var engine = _fixture.Engine();
        var sampling = new SamplingParameters { Seed = 40, MaxTokens = 12 };
        var company = Finished(await All(engine.Start(Request("12/1", 5, sampling), Token)), 5);
        Assert.Equal(5, company.Select(c => c.Text).Distinct().Count());
        await using var other = engine.Start(Request("30/2", 7, sampling with { MaxTokens = 60 }), Token);
        var alone = await Task.WhenAll(
            Enumerable.Range(0, 5).Select(i => Only(engine.Start(Request("12/1", 1, sampling with { Seed = 40 + i }), Token))));
        Assert.Equal(company.Select(c => c.Text), alone.Select(c => c.Text));
    }

    [Fact]
    public async Task Without_a_seed_candidates_and_requests_differ()
    {
        var engine = _fixture.Engine();
        var texts = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            texts.AddRange(Finished(await All(engine.Start(Request("12/1", 3, new() { MaxTokens = 12 }), Token)), 3).Select(c => c.Text));
        }

        Assert.Equal(6, texts.Distinct().Count());
    }

    [Fact]
    public async Task A_cancelled_candidate_falls_silent_and_its_siblings_do_not_notice()
    {
        var engine = _fixture.Engine();
        var sampling = new SamplingParameters { Seed = 3, MaxTokens = 100 };
        var expected = Finished(await All(engine.Start(Request("12/1", 4, sampling), Token)), 4);
        var events = new List<GenerationEvent>();
        await using var generation = engine.Start(Request("12/1", 4, sampling), Token);
        generation.Cancel(2);
        generation.Cancel(2);
        await foreach (var e in generation.Events.WithCancellation(Token))
        {
            events.Add(e);
            if (events.OfType<CandidateDelta>().Count(d => d.Index == 1) == 5)
            {
                generation.Cancel(1);
            }
        }

        Assert.Equal([0, 3], events.OfType<CandidateFinished>().Select(f => f.Index).Order());
        Assert.All(events.OfType<CandidateFinished>(), f => Assert.Equal(expected[f.Index].Text, f.Candidate.Text));
        Assert.True(events.OfType<CandidateDelta>().Count(d => d.Index == 1) < 100);
    }

    [Fact]
    public async Task Cancelling_every_candidate_ends_the_events()
    {
        await using var generation = _fixture.Engine().Start(Request("12/1", 2, new() { MaxTokens = 400 }), Token);
        generation.Cancel(0);
        generation.Cancel(1);
        Assert.Empty((await All(generation)).OfType<CandidateFinished>());
    }

    [Theory]
    [InlineData(10)]
    [InlineData(2)]
    [InlineData(12)]
    public async Task A_token_budget_holds_over_all_candidates(int budget)
    {
        var candidates = Finished(
            await All(_fixture.Engine()
                .Start(Request("12/1", 4, new() { Seed = 1, MaxTokens = 50 }) with { TokenBudget = budget }, Token)), 4);
        Assert.Equal(budget, candidates.Sum(c => c.Usage.CompletionTokens));
        Assert.All(candidates, c => Assert.Equal("length", c.FinishReason));
        Assert.All(candidates, c => Assert.Equal(2 * c.Usage.CompletionTokens, c.Text.Length));
    }

    [Fact]
    public async Task A_full_context_ends_an_answer_by_length()
    {
        var candidate = await Only(_fixture.Engine(maxPositions: 20).Start(Request("12/1", 1, Greedy(null)), Token));
        Assert.Equal("length", candidate.FinishReason);
        Assert.Equal(8, candidate.Usage.CompletionTokens);
    }

    [Fact]
    public async Task The_default_limit_is_the_options()
    {
        var candidate = await Only(_fixture.Engine(new() { MaxTokens = 7 }).Start(Request("12/1", 1, Greedy(null)), Token));
        Assert.Equal(7, candidate.Usage.CompletionTokens);
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_an_invalid_request()
    {
        var failure = await Assert.ThrowsAsync<GenerationFailedException>(
            () => All(_fixture.Engine(maxPositions: 20).Start(Request("20/1", 1, Greedy(1)), Token)));
        Assert.Equal("context_length_exceeded", failure.Failure.Code);
        Assert.StartsWith("This model's maximum context length is 20 tokens. However, your messages resulted in 20 tokens.",
            failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_book_is_refused_without_being_counted()
    {
        var failure = await Assert.ThrowsAsync<GenerationFailedException>(
            () => All(_fixture.Engine(maxPositions: 20).Start(Request(new string('1', 100_000), 1, Greedy(1)), Token)));
        Assert.True(failure.Failure.IsPromptTooLong);
        Assert.Contains("20 tokens. However, your messages have far more.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_make_no_sense_are_the_clients_fault()
    {
        var engine = _fixture.Engine(new() { MaxSequences = 4 });
        GenerationRequest[] wrong =
        [
            Request("12/1", 5, Greedy(1)), Request("12/1", 0, Greedy(1)), Request("12/1", 1, Greedy(0)), Request(
                "12/1", 1, Greedy(1) with { TopLogprobs = 21 }),
            Request("12/1", 1, Greedy(1) with { Stop = [""] }), Request("12/1", 1, Greedy(1) with { TopP = 2 }), Request(
                "0/1", 1, Greedy(1)),
        ];
        foreach (var request in wrong)
        {
            var refused = await Assert.ThrowsAsync<GenerationFailedException>(() => All(engine.Start(request, Token)));
            Assert.Equal(FailureKind.InvalidRequest, refused.Failure.Kind);
        }
    }

    [Fact]
    public async Task One_request_too_many_is_refused_and_the_others_are_served_in_turn()
    {
        var engine = _fixture.Engine(new() { QueueLength = 2, MaxSequences = 2 });
        using var busy = new ManualResetEventSlim();
        var blocked = _fixture.Worker.RunAsync(() => busy.Wait(Token), Token);
        var waiting = Enumerable.Range(0, 2).Select(_ => engine.Start(Request("12/1", 2, Greedy(5)), Token)).ToArray();
        var refused = await Assert.ThrowsAsync<GenerationFailedException>(() => All(engine.Start(Request("12/1", 1, Greedy(5)), Token)));
        Assert.Equal(FailureKind.Overloaded, refused.Failure.Kind);
        Assert.NotNull(refused.Failure.RetryAfter);
        busy.Set();
        await blocked;
        foreach (var generation in waiting)
        {
            Assert.All(Finished(await All(generation), 2), c => Assert.Equal(Text(Naive(12, 1, 5)), c.Text));
        }
    }

    [Fact]
    public async Task Requests_of_all_kinds_at_the_same_time_get_what_they_would_get_alone()
    {
        var engine = _fixture.Engine(new() { TokensPerPrefill = 16, MaxSequences = 9 });
        var requests = Enumerable.Range(0, 12)
            .Select(i => Request($"{5 + (i * 7 % 60)}/{i}", 1 + (i % 4),
                new() { Seed = i, MaxTokens = 4 + i, TopK = i % 3 == 0 ? 5 : null, Temperature = i % 5 == 0 ? 0 : null })).ToArray();
        var alone = new List<string>();
        foreach (var request in requests)
        {
            alone.AddRange(Finished(await All(engine.Start(request, Token)), request.Candidates).Select(c => c.Text));
        }

        var together = await Task.WhenAll(requests.Select(r => All(engine.Start(r, Token))));
        Assert.Equal(alone, together.SelectMany((events, i) => Finished(events, requests[i].Candidates).Select(c => c.Text)));
    }

    [Fact]
    public async Task Logprobs_are_written_as_OpenAI_writes_them()
    {
        var candidate = await Only(_fixture.Engine().Start(Request("12/1", 1, Greedy(3) with { Logprobs = true, TopLogprobs = 2 }), Token));
        var ids = Naive(12, 1, 3);
        using var json = JsonDocument.Parse(candidate.Logprobs);
        var content = json.RootElement.GetProperty("content");
        Assert.Equal(3, content.GetArrayLength());
        var logprobs = OnDevice(model => functionalLogSoftmax(RandomModels.NaiveLogits(model, RandomModels.Prompt(12, 1))));
        Assert.Equal(Text(ids[..1]), content[0].GetProperty("token").GetString());
        Assert.Equal(
            LetterTokenizer.Pairs.BytesOf(ids[0]).ToArray(), content[0].GetProperty("bytes").EnumerateArray().Select(b => b.GetByte()));
        Assert.Equal(logprobs[ids[0]], content[0].GetProperty("logprob").GetSingle(), 1e-4f);
        var top = content[0].GetProperty("top_logprobs");
        Assert.Equal(2, top.GetArrayLength());
        Assert.Equal(logprobs.Order().TakeLast(2).Reverse(), top.EnumerateArray().Select(t => t.GetProperty("logprob").GetSingle()),
            (a, b) => Math.Abs(a - b) < 1e-4);

        static float[] functionalLogSoftmax(float[] logits) => [.. logits.Select(l => l - (float)Math.Log(logits.Sum(x => Math.Exp(x))))];
    }

    [Fact]
    public async Task A_network_that_gives_no_numbers_fails_candidates_and_leaves_the_engine_alive()
    {
        var engine = _fixture.Engine(out var model);
        // a token of the second prompt alone
        await _fixture.Worker.RunAsync(() => model.Decoder.Embedding[5].copy_(torch.tensor(float.NaN)), Token);
        var prompt = Enumerable.Range(0, 40).First(s => RandomModels.Prompt(12, s).Contains(5));
        var events = await All(engine.Start(Request($"12/{prompt}", 2, Greedy(3)), Token));
        Assert.Equal([0, 1], events.OfType<CandidateFailed>().Select(f => f.Index).Order());
        Assert.Empty(events.OfType<CandidateFinished>());
    }

    [Fact]
    public async Task Latency_is_measured_by_the_given_clock()
    {
        using var busy = new ManualResetEventSlim();
        var engine = _fixture.Engine();
        var blocked = _fixture.Worker.RunAsync(() => busy.Wait(Token), Token);
        var generation = engine.Start(Request("12/1", 1, Greedy(2)), Token);
        _fixture.Time.Advance(TimeSpan.FromSeconds(3));
        busy.Set();
        await blocked;
        Assert.Equal(TimeSpan.FromSeconds(3), (await Only(generation)).Latency);
    }

    [Fact]
    public async Task An_engine_that_is_disposed_ends_what_runs()
    {
        var engine = _fixture.Engine();
        var generation = engine.Start(Request("12/1", 2, new() { MaxTokens = 400 }), Token);
        engine.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => All(generation));
        Assert.Throws<ObjectDisposedException>(() => engine.Start(Request("12/1", 1, Greedy(1)), Token));
    }

    [Fact]
    public void Options_out_of_range_are_refused() =>
        Assert.All((GenerationOptions[])[new() { MaxSequences = 0 }, new() { QueueLength = 0 },
            new() { TokensPerPrefill = 1 }, new() { MaxTokens = 0 }], o =>
            Assert.Throws<ValidationException>(() => _fixture.Engine(o)));
}
