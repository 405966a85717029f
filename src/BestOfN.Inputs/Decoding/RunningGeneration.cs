using System.Threading.Channels;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Decoding;

/// <summary>One request on its way through the engine. The engine's thread reports; any thread may cancel.</summary>
internal sealed class RunningGeneration : IGeneration
{
    // Unbounded so that a slow reader never holds up the engine; at most one event per token and candidate.
    private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>();
    private readonly TimeProvider _time;
    private readonly ITokenizer _tokenizer;
    private readonly IReadOnlyCollection<int> _endTokenIds;
    private readonly Action _changed;
    private readonly long _started;
    private CancellationTokenRegistration _registration;
    private int _budget;

    /// <param name="candidates">One per candidate wanted.</param>
    /// <param name="budget">Tokens for all candidates.</param>
    /// <param name="tokenizer">For log-probabilities.</param>
    /// <param name="endTokenIds">What ends an answer.</param>
    /// <param name="changed">Called after a cancellation, on any thread.</param>
    /// <param name="time">The clock for latencies.</param>
    public RunningGeneration(
        IReadOnlyList<RunningCandidate> candidates,
        int? budget,
        ITokenizer tokenizer,
        IReadOnlyCollection<int> endTokenIds,
        Action changed,
        TimeProvider time)
    {
        (Candidates, _budget) = (candidates, budget ?? int.MaxValue);
        (_tokenizer, _endTokenIds, _changed, _time, _started) = (tokenizer, endTokenIds, changed, time, time.GetTimestamp());
    }

    /// <summary>The rendered prompt; empty until <see cref="SetPrompt"/>.</summary>
    public IReadOnlyList<int> PromptIds { get; private set; } = [];

    public int? PromptTokens => PromptIds.Count > 0 ? PromptIds.Count : null;

    public IReadOnlyList<RunningCandidate> Candidates { get; }

    /// <summary>Tokens for one candidate.</summary>
    public int Limit { get; private set; }

    /// <summary>What the prompt holds until all candidates have ended, such as leases on images.</summary>
    public IDisposable? Held { get; private set; }

    public IAsyncEnumerable<GenerationEvent> Events => _events.Reader.ReadAllAsync();

    /// <summary>Takes the prompt, before the generation waits for its turn.</summary>
    /// <param name="promptIds">The rendered prompt.</param>
    /// <param name="limit">Tokens for one candidate.</param>
    /// <param name="held">Disposed, on any thread, when all candidates have ended; the generation's from here on.</param>
    public void SetPrompt(IReadOnlyList<int> promptIds, int limit, IDisposable? held = null) =>
        (PromptIds, Limit, Held) = (promptIds, limit, held);

    /// <summary>Gives back what the prompt holds.</summary>
    public void Return() => Held?.Dispose();

    public void Cancel(int index)
    {
        Candidates[index].Cancel();
        _changed();
    }

    public ValueTask DisposeAsync()
    {
        EndAll(null);
        return _registration.DisposeAsync();
    }

    public void EndWith(CancellationToken cancellationToken) =>
        _registration = cancellationToken.UnsafeRegister((_, token) => EndAll(new OperationCanceledException(token)), null);

    /// <summary>The enumeration throws this after what it has still to tell.</summary>
    public void EndAll(Exception? exception)
    {
        foreach (var candidate in Candidates)
        {
            candidate.Cancel();
        }

        _events.Writer.TryComplete(exception);
        _changed();
    }

    /// <summary>Ends cancelled candidates. Engine's thread only.</summary>
    /// <returns>True while some candidate is being made.</returns>
    public bool EndCancelled()
    {
        foreach (var candidate in Candidates)
        {
            if (candidate.IsCancelled && !candidate.IsDone)
            {
                candidate.IsDone = true;
                candidate.Sequence.End();
            }
        }

        if (Candidates.Any(c => !c.IsDone))
        {
            return true;
        }

        _registration.Unregister();
        _events.Writer.TryComplete();
        Return();
        return false;
    }

    /// <summary>Reports the token that a candidate was just given. Engine's thread only.</summary>
    public void Report(RunningCandidate candidate)
    {
        if (candidate.IsDone || candidate.IsCancelled)
        {
            return;
        }

        var sequence = candidate.Sequence;
        if (sequence.IsBroken)
        {
            Fail(candidate, new GenerationFailedException(
                new Failure(FailureKind.Unavailable, "The language model gave values that are not finite.")));
            return;
        }

        if (_budget == 0)
        {
            Finish(candidate, "length", sequence.Ids.Count - 1);      // drawn in the same step as the last one that was allowed
            return;
        }

        _budget--;
        var id = sequence.Ids[^1];
        if (_endTokenIds.Contains(id))
        {
            Finish(candidate, "stop", sequence.Ids.Count);
            return;
        }

        var text = candidate.Text.Push(id);
        if (text.Length > 0)
        {
            _events.Writer.TryWrite(new CandidateDelta(candidate.Index, text));
        }

        if (candidate.Text.IsStopped)
        {
            Finish(candidate, "stop", sequence.Ids.Count);
        }
        else if (sequence.Ids.Count >= Limit || _budget == 0)
        {
            Finish(candidate, "length", sequence.Ids.Count);
        }
    }

    /// <summary>Ends the candidates that are left when the budget is used up. Engine's thread only.</summary>
    public void EndBudget()
    {
        if (_budget > 0)
        {
            return;
        }

        foreach (var candidate in Candidates)
        {
            if (!candidate.IsDone && !candidate.IsCancelled)
            {
                Finish(candidate, "length", candidate.Sequence.Ids.Count);
            }
        }
    }

    public void Fail(RunningCandidate candidate, GenerationFailedException exception)
    {
        candidate.IsDone = true;
        candidate.Sequence.End();
        if (!candidate.IsCancelled)
        {
            _events.Writer.TryWrite(new CandidateFailed(candidate.Index, exception));
        }
    }

    private void Finish(RunningCandidate candidate, string reason, int tokens)
    {
        candidate.IsDone = true;
        candidate.Sequence.End();
        var rest = candidate.Text.Finish();
        if (rest.Length > 0)
        {
            _events.Writer.TryWrite(new CandidateDelta(candidate.Index, rest));
        }

        // What was held back may have been a stop string's beginning only, so the reason stands.
        var text = candidate.Text.Text;
        _events.Writer.TryWrite(new CandidateFinished(new Candidate
        {
            Index = candidate.Index,
            Text = text,
            FinishReason = reason,
            Usage = new TokenUsage(PromptIds.Count, tokens),
            Message = AssistantMessage.Write(text),
            Logprobs = candidate.Sequence.Alternatives is null ? default
                : CandidateJson.Logprobs(candidate.Sequence.Drawn.Take(candidate.Text.Tokens), _tokenizer),
            Latency = _time.GetElapsedTime(_started),
        }));
    }
}
