using BestOfN.Inputs.Decoding;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Tests.Decoding;

/// <summary>The order in which requests are admitted, step by step, in a batch that finishes nothing by itself.</summary>
public sealed class GenerationSchedulerTests : IDisposable
{
    private readonly Batch _batch = new();
    private readonly GenerationScheduler _scheduler;
    private Action? _step;

    public GenerationSchedulerTests() => _scheduler = new(() => _batch, Post, new(MaxSequences: 4, QueueLength: 100, TokensPerPrefill: 16));

    public void Dispose() => _scheduler.Dispose();

    [Fact]
    public void A_small_request_goes_before_a_large_one_that_does_not_fit_yet()
    {
        var running = Enqueue(1, candidates: 3);
        Enqueue(2, candidates: 4);
        Enqueue(3, candidates: 1);
        Step();
        Assert.Equal([1, 3], _batch.Admitted);

        Enqueue(4, candidates: 1);
        End(running);
        Step();
        Assert.Equal([1, 3, 4], _batch.Admitted);
    }

    [Fact]
    public void Requests_that_fit_are_admitted_in_turn()
    {
        Enqueue(1, candidates: 1);
        Enqueue(2, candidates: 2);
        Enqueue(3, candidates: 1);
        Step();
        Assert.Equal([1, 2, 3], _batch.Admitted);
    }

    [Fact]
    public void Small_requests_cannot_keep_a_large_one_waiting_for_ever()
    {
        var running = Enqueue(1, candidates: 1);
        Enqueue(2, candidates: 4);
        var small = Enqueue(3, candidates: 1);
        Step();
        for (var id = 4; id < 40; id++)
        {
            var next = Enqueue(id, candidates: 1);
            End(small);
            Step();
            small = next;
        }

        Assert.Equal([1, .. Enumerable.Range(3, 16)], _batch.Admitted);
        End(running);
        Step();
        Assert.Equal(2, _batch.Admitted[^1]);
    }

    private RunningGeneration Enqueue(int id, int candidates)
    {
        var tokenizer = new AbsentTokenizer("none");
        var generation = new RunningGeneration(
            [.. Enumerable.Range(0, candidates)
                .Select(i => new RunningCandidate(i, new TokenSequence(TokenSampling.Greedy, i), new CandidateText(tokenizer, [])))],
            budget: null, tokenizer, endTokenIds: [], _scheduler.Wake, TimeProvider.System);
        generation.SetPrompt([id], limit: 8);
        Assert.Null(_scheduler.Enqueue(generation));
        return generation;
    }

    private static void End(RunningGeneration generation) => generation.EndAll(null);

    private Task Post(Action step)
    {
        _step = step;
        return Task.CompletedTask;
    }

    private void Step() => Interlocked.Exchange(ref _step, null)!();

    private sealed class Batch : ISequenceBatch
    {
        private readonly List<TokenSequence> _sequences = [];

        /// <summary>The only token of each prompt that was added.</summary>
        public List<int> Admitted { get; } = [];

        public int Count => _sequences.Count;

        public bool HasPrompts => false;

        public bool HasRunning => Count > 0;

        public void Add(IReadOnlyList<(IReadOnlyList<int> Ids, IReadOnlyList<TokenSequence> Sequences)> prompts, int longestAnswer)
        {
            foreach (var (ids, sequences) in prompts)
            {
                Admitted.AddRange(ids);
                _sequences.AddRange(sequences);
            }
        }

        public IReadOnlyList<TokenSequence> Prefill(int tokens) => [];

        public IReadOnlyList<TokenSequence> Decode() => [];

        public void Compact() => _sequences.RemoveAll(sequence => sequence.IsEnded);

        public void Dispose()
        {
        }
    }
}
