using System.Net.ServerSentEvents;
using System.Threading.Channels;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Protocols.Upstreams;
using Microsoft.Extensions.Logging;

namespace BestOfN.Protocols.OpenAI;

/// <summary>The calls made for one request, and the one channel in which their news come together.</summary>
internal sealed class OpenAIGeneration : IGeneration
{
    private const string Path = "/v1/chat/completions";

    private readonly GenerationRequest _request;
    private readonly RequestTemplate _template;
    private readonly UpstreamClient _client;
    private readonly LearntShapes _shapes;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private readonly Channel<GenerationEvent> _events = Channel.CreateUnbounded<GenerationEvent>(new() { SingleReader = true });
    private readonly CandidateDraft[] _drafts;
    private readonly AnswerLimits _limits;
    private readonly Lock _gate = new();
    private readonly List<CompletionCall> _calls = [];
    private readonly CancellationTokenSource _stopped;
    private readonly CancellationToken _abandoned;
    private readonly RetryBudget _retries;
    private readonly long _started;
    private Task _running = Task.CompletedTask;
    private bool _disposed;

    private OpenAIGeneration(
        GenerationRequest request, UpstreamClient client, LearntShapes shapes, TimeProvider time, ILogger logger,
        CancellationToken abandoned)
    {
        _request = request;
        _template = RequestTemplate.From(request);
        _client = client;
        _shapes = shapes;
        _time = time;
        _logger = logger;
        _abandoned = abandoned;
        _drafts = [.. Enumerable.Range(0, request.Candidates).Select(index => new CandidateDraft(index, isAlone: request.Candidates == 1))];
        _stopped = CancellationTokenSource.CreateLinkedTokenSource(abandoned);
        _retries = client.NewBudget(request.OnRetry);
        _started = time.GetTimestamp();
        _limits = new(request.TokenBudget, client.MaxAnswerBytes);
    }

    public IAsyncEnumerable<GenerationEvent> Events => _events.Reader.ReadAllAsync(_abandoned);

    /// <summary>Begins to make the candidates of <paramref name="request"/>.</summary>
    public static OpenAIGeneration Start(
        GenerationRequest request, UpstreamClient client, LearntShapes shapes, TimeProvider time, ILogger logger,
        CancellationToken abandoned)
    {
        var generation = new OpenAIGeneration(request, client, shapes, time, logger, abandoned);
        generation._running = generation.RunAsync();
        return generation;
    }

    public void Cancel(int index)
    {
        var draft = _drafts[index];
        draft.TryEnd();

        // Several only while a call that fell short is being made good by others.
        CompletionCall[] making;
        lock (_gate)
        {
            making = [.. _calls.Where(call => call.Drafts.Contains(draft))];
        }

        foreach (var call in making)
        {
            call.CancelIfUnwanted();
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
        _limits.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await MakeAsync(_drafts, new(_shapes.Of(_request.Model), IsGeneral: true));
            _events.Writer.TryComplete(_abandoned.IsCancellationRequested ? new OperationCanceledException(_abandoned) : null);
        }
        catch (Exception exception)
        {
            _events.Writer.TryComplete(exception);
        }
    }

    /// <summary>Makes candidates by as few calls as <paramref name="plan"/> allows, and by others what those did not make.</summary>
    private Task MakeAsync(IEnumerable<CandidateDraft> drafts, CallPlan plan)
    {
        var wanted = drafts.Where(draft => !draft.HasEnded).ToArray();

        // In one call a server may give all choices the same seed; one by one each candidate gets its own.
        var most = _template.HasSeed && _shapes.CanSplit ? 1 : plan.Shape.Choices;
        return Task.WhenAll(wanted.Chunk(Math.Clamp(most, 1, Math.Max(1, wanted.Length))).Select(async some =>
        {
            var (missing, next) = await CallAsync(some, plan);
            if (missing.Length > 0)
            {
                await MakeAsync(missing, next);
            }
        }));
    }

    /// <returns>The candidates that this call would not make, and how to ask for them instead.</returns>
    private async Task<(CandidateDraft[] Missing, CallPlan Next)> CallAsync(CandidateDraft[] drafts, CallPlan plan)
    {
        using var call = Open(drafts);
        try
        {
            var tokensLeft = _limits.TokensLeft;
            using var content = _template.ForCall(drafts.Length, drafts[0].Index, tokensLeft, plan.Shape);
            using var response = await _client.PostAsync(Path, content, _retries, call.Token);
            if (!response.Message.IsSuccessStatusCode)
            {
                response.Report(served: true);
                var failure = await UpstreamFailure.ReadAsync(response.Message, _time, call.Token);
                var hasBudget = tokensLeft is not null;
                if (CallRefusal.Smaller(failure, plan.Shape, drafts.Length, _shapes.CanSplit, _template, hasBudget) is { } smaller)
                {
                    return (drafts, new(smaller.Shape, plan.IsGeneral && smaller.IsGeneral));
                }

                call.Fail(failure);
                return ([], plan);
            }

            Learn(plan);
            await ReadAsync(response, call);
            return Unmade(call) is { Length: > 0 } unmade
                ? (unmade, plan with { Shape = plan.Shape with { Choices = drafts.Length - unmade.Length } })
                : ([], plan);
        }
        catch (OperationCanceledException) when (call.Token.IsCancellationRequested)
        {
            if (_limits.BudgetSpent.IsCancellationRequested && !_stopped.IsCancellationRequested)
            {
                call.FinishCutShort();
                call.Fail(NoAnswer("The token budget was spent before this candidate began."));
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            call.Fail(UpstreamFailure.From(exception));
        }
        finally
        {
            Close(call);
        }

        return ([], plan);
    }

    private async Task ReadAsync(UpstreamResponse response, CompletionCall call)
    {
        UpstreamBody? body = null;
        try
        {
            var key = UpstreamFailure.KeyOf(response.Message);
            body = await UpstreamBody.OpenAsync(response.Message.Content, _limits.OneAnswer, _limits.AllTogether, key, call.Token);
            if (await body.IsEventsAsync(call.Token))
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
                await call.AddWholeAsync(body);
            }

            response.Report(served: true);
            call.FinishComplete();
        }
        catch (IOException)
        {
            response.Report(served: false);
            throw;
        }
        catch (GenerationFailedException failure)
        {
            throw body is { RepeatsKey: true }
                ? UpstreamFailure.Refused(failure, response.Message)
                : UpstreamFailure.WithoutKey(failure, response.Message);
        }
        finally
        {
            body?.Dispose();
        }
    }

    /// <summary>What a call that ended well left out: lost, unless smaller calls may bring it.</summary>
    private CandidateDraft[] Unmade(CompletionCall call)
    {
        var untouched = call.Drafts.Where(draft => !draft.HasBegun && !draft.HasEnded).ToArray();
        var made = call.Drafts.Count - untouched.Length;
        if (made > 0 && untouched.Length > 0 && _shapes.CanSplit)
        {
            // One of many is how a server ignores n; any other number may be the fault of this request.
            Learn(new(CallShape.Full with { Choices = 1 }, IsGeneral: made == 1));
        }
        else
        {
            untouched = [];
        }

        foreach (var draft in call.Drafts.Except(untouched))
        {
            call.Fail(draft, NoAnswer(draft.HasBegun
                ? "The upstream's stream ended in the middle of the answer."
                : $"The upstream made {made} of {call.Drafts.Count} choices."));
        }

        return untouched;
    }

    private static GenerationFailedException NoAnswer(string message) => new(new Failure(FailureKind.Unavailable, message));

    private void Learn(CallPlan plan)
    {
        if (plan.IsGeneral && _shapes.Learn(_request.Model, plan.Shape))
        {
            _logger.ShapeLearnt(_request.Model, plan.Shape);
        }
    }

    private CompletionCall Open(CandidateDraft[] drafts)
    {
        var call = new CompletionCall(drafts, _limits, _events.Writer, _time, _started, _stopped.Token);
        lock (_gate)
        {
            _calls.Add(call);
        }

        call.CancelIfUnwanted();
        return call;
    }

    private void Close(CompletionCall call)
    {
        lock (_gate)
        {
            _calls.Remove(call);
        }
    }

    /// <summary>How to call, and whether an upstream's consent teaches something about all requests.</summary>
    private readonly record struct CallPlan(CallShape Shape, bool IsGeneral);
}
