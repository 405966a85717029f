using System.Text.Json;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Runtime;
using static BestOfN.LLama.Tests.Generation.GeneratorFixture;
using static TorchSharp.torch;

namespace BestOfN.LLama.Tests.Generation;

public sealed class GgufGeneratorTests
{
    private static readonly string[] s_questions = ["How much is 12 + 30?", "Write a list of 5 numbers.", "What is 7 * 8?"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0.0, 1.0, 0, 0.0, 0.0)]
    [InlineData(1.0, 1.0, 0, 0.0, 0.0)]
    [InlineData(0.8, 0.9, 40, 0.05, 0.5)]
    public async Task A_seed_gives_the_same_texts_as_the_engine_of_folders(
        double temperature, double topP, int topK, double minP, double penalty)
    {
        using var gguf = Load();
        using var worker = new DeviceWorker(CPU);
        using var folder = GenerationEngine.Load(TestModels.PocketGenerator, ScalarType.Float32, worker, new() { MaxSequences = 16 });
        var (equal, count) = (0, 0);
        foreach (var question in s_questions)
        {
            var request = Request(question, 16, new()
            {
                Temperature = temperature, TopP = topP, TopK = topK, MinP = minP, FrequencyPenalty = penalty, PresencePenalty = penalty,
                MaxTokens = 24, Seed = 5,
            });
            var (ours, theirs) = (await Finished(folder, request), await Finished(gguf, request));
            Assert.Equal(16, theirs.Length);
            equal += ours.Zip(theirs).Count(pair => Told(pair.First) == Told(pair.Second));
            count += ours.Length;
        }

        // Sums of other kernels may differ in the last bits, which a draw at the border between two tokens shows.
        Assert.InRange(equal, count - 1, count);

        static (string, string, TokenUsage) Told(Candidate candidate) => (candidate.Text, candidate.FinishReason, candidate.Usage);
    }

    [Fact]
    public async Task Requests_that_share_a_batch_get_what_each_gets_alone()
    {
        using var generator = Load();
        var requests = Enumerable.Range(0, 9).Select(
            i => Request(s_questions[i % 3], (i % 4) + 1, new() { MaxTokens = 6 + (3 * i), Seed = i })).ToArray();
        var alone = new List<string>();
        foreach (var request in requests)
        {
            alone.Add(string.Join('|', (await Finished(generator, request)).Select(c => c.Text)));
        }

        var together = await Task.WhenAll(requests.Select(r => Finished(generator, r)));
        Assert.Equal(alone, together.Select(candidates => string.Join('|', candidates.Select(c => c.Text))));
    }

    [Fact]
    public async Task A_candidate_that_is_cancelled_ends_alone()
    {
        using var generator = Load();
        var request = Request(s_questions[1], 4, new() { MaxTokens = 40, Seed = 3, Temperature = 1.5 });
        var expected = await Finished(generator, request);
        var generation = generator.Start(request, Token);
        generation.Cancel(2);
        var events = await All(generation);
        Assert.Equal([0, 1, 3], events.OfType<CandidateFinished>().Select(f => f.Index).Order());
        Assert.All(events.OfType<CandidateFinished>(), f => Assert.Equal(expected[f.Index].Text, f.Candidate.Text));
    }

    [Fact]
    public async Task Memory_is_free_again_after_cancelled_and_finished_requests()
    {
        // Room for one request of this size: a token that is not given back would keep the next one waiting for ever.
        using var generator = Load(Options with { ContextTokens = 512 });
        for (var i = 0; i < 5; i++)
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var request = Request(s_questions[0], 8, new() { MaxTokens = 55, Temperature = 2, Seed = i });
            var generation = generator.Start(request, cancellation.Token);
            if (i % 2 == 0)
            {
                await foreach (var _ in generation.Events.WithCancellation(Token))
                {
                    await cancellation.CancelAsync();
                    break;
                }
            }

            await generation.DisposeAsync();
        }

        Assert.Equal(8, (await Finished(generator, Request(s_questions[0], 8, new() { MaxTokens = 55 }))).Length);
    }

    [Fact]
    public async Task Stop_strings_end_an_answer_and_log_probabilities_are_those_of_its_tokens()
    {
        using var generator = Load();
        var greedy = new SamplingParameters { Temperature = 0, MaxTokens = 24 };
        var whole = (await Finished(generator, Request(s_questions[0], 1, greedy)))[0];
        var stop = whole.Text[1..3];
        var stopped = greedy with { Stop = [stop], Logprobs = true, TopLogprobs = 3 };
        var cut = (await Finished(generator, Request(s_questions[0], 1, stopped)))[0];
        Assert.Equal((whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], "stop"), (cut.Text, cut.FinishReason));
        using var json = JsonDocument.Parse(cut.Logprobs);
        var tokens = json.RootElement.GetProperty("content").EnumerateArray().ToArray();
        Assert.Equal(cut.Text, string.Concat(tokens.Select(t => t.GetProperty("token").GetString()))[..cut.Text.Length]);
        Assert.All(tokens, t =>
        {
            var best = t.GetProperty("top_logprobs").EnumerateArray().Select(a => a.GetProperty("logprob").GetDouble()).ToArray();
            Assert.Equal(3, best.Length);
            Assert.Equal(best.OrderDescending(), best);
            Assert.Equal(best[0], t.GetProperty("logprob").GetDouble());        // greedy
            Assert.InRange(best.Sum(Math.Exp), 0.01, 1.0001);
        });
    }

    [Fact]
    public async Task What_does_not_fit_into_the_context_is_refused_before_llama_cpp_is_asked()
    {
        using var generator = Load(Options with { ContextTokens = 128 });
        Assert.Equal(128, generator.ContextLength);
        var tooMany = await Refusal(generator, Request(s_questions[0], 16, new() { MaxTokens = 20 }));
        Assert.Equal(FailureKind.InvalidRequest, tooMany.Failure.Kind);
        Assert.Contains("keeps at most 128 tokens", tooMany.Message, StringComparison.Ordinal);
        var tooLong = await Refusal(generator, Request(string.Concat(Enumerable.Repeat("12 + 30 ", 200)), 1, new()));
        Assert.Contains("maximum context length is 128", tooLong.Message, StringComparison.Ordinal);
        Assert.Contains("'n'", (await Refusal(generator, Request("1", 17, new()))).Message, StringComparison.Ordinal);

        // Without max_tokens the answers share what is left.
        var candidates = await Finished(generator, Request("1", 8, new() { Temperature = 2, Seed = 1 }));
        Assert.All(candidates, c => Assert.InRange(c.Usage.CompletionTokens, 1, (128 - c.Usage.PromptTokens) / 8));
    }

    [Fact]
    public async Task A_prompt_longer_than_a_batch_is_read_in_pieces()
    {
        using var generator = Load(Options with { TokensPerPrefill = 16 });
        using var whole = Load();
        var request = Request("1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12?", 2, new() { MaxTokens = 12, Seed = 1 });
        Assert.Equal((await Finished(whole, request)).Select(c => c.Text), (await Finished(generator, request)).Select(c => c.Text));
    }

    [Fact]
    public async Task A_closed_generator_ends_what_runs()
    {
        var generator = Load();
        var generation = generator.Start(Request(s_questions[1], 4, new() { Temperature = 2 }), Token);
        generator.Dispose();
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => All(generation));
        Assert.ThrowsAny<ObjectDisposedException>(() => generator.Start(Request("1", 1, new()), Token));
    }
}
