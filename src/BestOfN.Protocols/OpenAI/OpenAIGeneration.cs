using System.Net.ServerSentEvents;
using System.Threading.Channels;
using BestOfN.Core.Generation;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Logging;
using Polly;

namespace BestOfN.Protocols.OpenAI;

/// <summary>The calls made for one request, and the one channel in which their news come together.</summary>
internal sealed class OpenAIGeneration : IGeneration
{
    private const string Path = "/v1/chat/completions";

    private readonly GenerationRequest _request;
    private readonly RequestTemplate _template;
    private readonly UpstreamClient _client;
    private readonly ChoiceLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>(new() { SingleReader = true });
    private readonly CandidateDraft[] _drafts;
    private readonly List<CompletionCall> _calls = []; // also the lock for itself
    private readonly CancellationTokenSource _stopped;
    private readonly CancellationTokenSource _budgetSpent = new();
    private readonly CancellationToken _abandoned;
    private readonly RetryBudget _retries;
    private readonly long _started;
    private readonly Task _running;
    private int _tokens;
    private bool _disposed;

    public OpenAIGeneration(
        GenerationRequest request, UpstreamClient client, ChoiceLimits limits, TimeProvider time, ILogger logger, CancellationToken abandoned)
    {
        _request = request;
        _template = RequestTemplate.From(request);
        _client = client;
        _limits = limits;
        _time = time;
        _logger = logger;
        _abandoned = abandoned;
        _drafts = [.. Enumerable.Range(0, request.Candidates).Select(index => new CandidateDraft(index))];
        _stopped = CancellationTokenSource.CreateLinkedTokenSource(abandoned);
        _retries = client.NewBudget();
        _started = time.GetTimestamp();
        _running = RunAsync();
    }

    public IAsyncEnumerable<GenerationEvent> Events => _events.Reader.ReadAllAsync(_abandoned);

    public void Cancel(int index)
    {
        var draft = _drafts[index];
        draft.TryEnd();
        lock (_calls)
        {
            // Several only while a call that fell short is being made good by others.
            foreach (var call in _calls)
            {
                if (call.Drafts.Contains(draft))
                {
                    call.CancelIfUnwanted();
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _stopped.CancelAsync();
        await _running;
        _stopped.Dispose();
        _budgetSpent.Dispose();
    }

    internal void Happened(GenerationEvent happening) => _events.Writer.TryWrite(happening);

    internal void TokensMade(int tokens)
    {
        if (tokens > 0 && Interlocked.Add(ref _tokens, tokens) >= _request.TokenBudget)
        {
            _budgetSpent.Cancel();
        }
    }

    internal void Finished(CandidateDraft draft, string reason, TokenUsage usage) =>
        Happened(new CandidateFinished(draft.Finish(reason, usage, _time.GetElapsedTime(_started))));

    private async Task RunAsync()
    {
        try
        {
            await MakeAsync(_drafts, _limits.Of(_request.Model));
            _events.Writer.TryComplete(_abandoned.IsCancellationRequested ? new OperationCanceledException(_abandoned) : null);
        }
        catch (Exception exception)
        {
            _events.Writer.TryComplete(exception);
        }
    }

    /// <summary>Makes candidates by as few calls as <paramref name="limit"/> allows, and by smaller ones what those did not make.</summary>
    private Task MakeAsync(IEnumerable<CandidateDraft> drafts, int limit)
    {
        var wanted = drafts.Where(draft => !draft.HasEnded).ToArray();
        return Task.WhenAll(wanted.Chunk(Math.Clamp(limit, 1, Math.Max(1, wanted.Length))).Select(async some =>
        {
            var (missing, smallerLimit) = await CallAsync(some, limit);
            if (missing.Length > 0)
            {
                await MakeAsync(missing, smallerLimit);
            }
        }));
    }

    /// <returns>The candidates that this call would not make, and how many to ask for at a time instead.</returns>
    private async Task<(CandidateDraft[] Missing, int Limit)> CallAsync(CandidateDraft[] drafts, int limit)
    {
        using var call = Open(drafts);
        try
        {
            int? tokensLeft = _request.TokenBudget is { } budget ? Math.Max(1, budget - Volatile.Read(ref _tokens)) : null;
            using var content = _template.ForCall(drafts.Length, drafts[0].Index, tokensLeft);
            using var response = await _client.PostAsync(Path, content, _retries, call.Token);
            if (!response.Message.IsSuccessStatusCode)
            {
                response.Report(served: true);
                var failure = await UpstreamFailure.ReadAsync(response.Message, _time, call.Token);
                if (_limits.CanLearn && ChoiceRefusal.SmallerCall(failure, drafts.Length) is { } smaller)
                {
                    return (drafts, smaller);
                }

                Fail(call, failure);
                return ([], limit);
            }

            Learn(limit);
            await ReadAsync(response, call);
            return Unmade(call) is { Length: > 0 } unmade ? (unmade, drafts.Length - unmade.Length) : ([], limit);
        }
        catch (OperationCanceledException) when (call.Token.IsCancellationRequested)
        {
            if (_budgetSpent.IsCancellationRequested && !_stopped.IsCancellationRequested)
            {
                call.FinishCutShort();
                Fail(call, new GenerationFailedException("The token budget was spent before this candidate began."));
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Fail(call, UpstreamFailure.From(exception));
        }
        finally
        {
            Close(call);
        }

        return ([], limit);
    }

    private static async Task ReadAsync(UpstreamResponse response, CompletionCall call)
    {
        try
        {
            using var body = await response.Message.Content.ReadAsStreamAsync(call.Token);
            if (response.Message.Content.Headers.ContentType?.MediaType is "text/event-stream")
            {
                await foreach (var happening in SseParser.Create(body, call.AddEvent).EnumerateAsync(call.Token))
                {
                    if (happening.Data)
                    {
                        break;
                    }
                }
            }
            else
            {
                using var whole = new MemoryStream();
                await body.CopyToAsync(whole, call.Token);
                call.AddWhole(whole.GetBuffer().AsMemory(0, (int)whole.Length));
            }

            response.Report(served: true);
            call.FinishComplete();
        }
        catch (IOException)
        {
            response.Report(served: false);
            throw;
        }
    }

    /// <summary>What a call that ended well left out: lost, unless smaller calls may bring it.</summary>
    private CandidateDraft[] Unmade(CompletionCall call)
    {
        var untouched = call.Drafts.Where(draft => !draft.HasBegun && !draft.HasEnded).ToArray();
        var made = call.Drafts.Count - untouched.Length;
        if (made > 0 && untouched.Length > 0 && _limits.CanLearn)
        {
            Learn(made);
        }
        else
        {
            untouched = [];
        }

        foreach (var draft in call.Drafts.Except(untouched))
        {
            Fail(draft, new(draft.HasBegun
                ? "The upstream's stream ended in the middle of the answer."
                : $"The upstream made {made} of {call.Drafts.Count} choices."));
        }

        return untouched;
    }

    private void Learn(int limit)
    {
        if (_limits.Learn(_request.Model, limit))
        {
            _logger.ChoicesLimited(_request.Model, limit);
        }
    }

    private void Fail(CompletionCall call, GenerationFailedException failure)
    {
        call.FinishComplete(); // Their answers were complete before the call failed.
        foreach (var draft in call.Drafts)
        {
            Fail(draft, failure);
        }
    }

    private void Fail(CandidateDraft draft, GenerationFailedException failure)
    {
        if (draft.TryEnd())
        {
            // An upstream's own words may repeat the prompt, which has no place in a log.
            _logger.CandidateFailed(draft.Index, failure.Body.IsEmpty ? failure.Message : $"the upstream answered with an error ({failure.StatusCode})");
            Happened(new CandidateFailed(draft.Index, failure));
        }
    }

    private CompletionCall Open(CandidateDraft[] drafts)
    {
        var call = new CompletionCall(drafts, this, CancellationTokenSource.CreateLinkedTokenSource(_stopped.Token, _budgetSpent.Token));
        lock (_calls)
        {
            _calls.Add(call);
            call.CancelIfUnwanted();
        }

        return call;
    }

    private void Close(CompletionCall call)
    {
        lock (_calls)
        {
            _calls.Remove(call);
        }
    }
}
