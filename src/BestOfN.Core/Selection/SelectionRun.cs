using System.Threading.Channels;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace BestOfN.Core.Selection;

/// <summary>The moving parts of one request: candidates come in at one end and are scored at the other, at the same time.</summary>
internal sealed class SelectionRun
{
    private readonly SelectionRequest _request;
    private readonly ISelectionStrategy _strategy;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _started;
    private readonly CandidateSlot[] _slots;
    private int? _promptTokens;
    private readonly Channel<CandidateSlot> _toJudge = Channel.CreateUnbounded<CandidateSlot>(
        new() { SingleReader = true, SingleWriter = true });
    private readonly TaskCompletionSource _generated = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SelectionRun(SelectionRequest request, ISelectionStrategy strategy, TimeProvider time, ILogger logger)
    {
        _request = request;
        _strategy = strategy;
        _time = time;
        _logger = logger;
        _started = time.GetTimestamp();
        _slots = [.. Enumerable.Range(0, request.Generation.Candidates).Select(index => new CandidateSlot(index, request.Demands))];
    }

    public IReadOnlyList<CandidateSlot> Slots => _slots;

    public GenerationEnd End { get; private set; }

    public bool ScorerFailed { get; private set; }

    /// <summary>The reward model cannot read the prompt: no fallback mends that.</summary>
    public ScoringFailedException? Refusal { get; private set; }

    public bool ScoringRanOut { get; private set; }

    /// <summary>When the first piece of any candidate came; null if none did.</summary>
    public TimeSpan? FirstToken { get; private set; }

    public TimeSpan GenerationTime { get; private set; }

    public TimeSpan ScoringTime { get; private set; }

    public TimeSpan Elapsed => _time.GetElapsedTime(_started);

    /// <summary>Opens a session of the reward model. One that cannot be opened counts as a failure of the model.</summary>
    public IScoringSession? Begin(IRewardModel rewardModel, Prompt prompt)
    {
        try
        {
            return rewardModel.Begin(prompt);
        }
        catch (Exception exception)
        {
            FailScoring(exception);
            return null;
        }
    }

    /// <summary>
    /// Waits until the reward model has seen the images of the prompt. Does not throw: why it cannot see one is the <see cref="Refusal"/>.
    /// </summary>
    public async Task SeePromptAsync(IScoringSession? session, CancellationToken deadline)
    {
        if (session is null)
        {
            return;
        }

        try
        {
            await session.SeePromptAsync(deadline).WaitAsync(deadline);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // The generation meets the same deadline and reports it.
        }
        catch (Exception exception)
        {
            FailScoring(exception);
        }
    }

    /// <summary>
    /// Takes in candidates until all have ended, a budget runs out or the winner is certain. Does not throw: what happened is in
    /// <see cref="End"/>.
    /// </summary>
    public async Task GenerateAsync(CancellationToken deadline, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var ending = deadline.Register(() =>
        {
            // Otherwise the first candidate that finishes ends the generation.
            if (_request.CutsAnswers || _slots.Any(slot => slot.Candidate is not null))
            {
                stop.Cancel();
            }
        });
        try
        {
            stop.Token.ThrowIfCancellationRequested();
            await using var generation = _request.Generator.Start(_request.Generation, stop.Token);
            try
            {
                End = await ReadAsync(generation.Events, deadline, stop.Token);
            }
            finally
            {
                _promptTokens = generation.PromptTokens;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            End = cancellationToken.IsCancellationRequested ? GenerationEnd.Abandoned : GenerationEnd.TimeBudget;
        }
        catch (Exception exception)
        {
            End = GenerationEnd.Broken;
            var failure = exception as GenerationFailedException ?? new GenerationFailedException("The generator failed.", exception);

            // Other kinds are answers to the client, not faults that an operator has to look for.
            if (failure.Failure.Kind is FailureKind.Upstream or FailureKind.Internal)
            {
                _logger.GenerationBroke(WithoutWords(exception));
            }

            FailUnfinished(failure);
        }

        if (End is GenerationEnd.Complete)
        {
            FailUnfinished(new GenerationFailedException("The generator ended without finishing the candidate."));
        }
        else if (End is GenerationEnd.TimeBudget or GenerationEnd.TokenBudget && !_slots.Any(slot => slot.Candidate is not null))
        {
            FinishPartially();
        }

        GenerationTime = Elapsed;
        _toJudge.Writer.Complete();
        _generated.SetResult();
    }

    /// <summary>
    /// Scores candidates that have finished. One pass over all of them is the cheapest, so none is scored before generation has ended or
    /// half of the time is gone; from then on those that have finished are scored in waves, so that the deadline finds scores. Does not
    /// throw.
    /// </summary>
    public async Task ScoreAsync(IScoringSession? session, CancellationToken deadline, CancellationToken cancellationToken)
    {
        if (session is null || ScorerFailed)
        {
            return;
        }

        try
        {
            var untilHalfTime = (_request.TimeBudget / 2) - Elapsed;
            using (var halfTime = CancellationTokenSource.CreateLinkedTokenSource(deadline))
            {
                await Task.WhenAny(
                    _generated.Task, Task.Delay(untilHalfTime > TimeSpan.Zero ? untilHalfTime : TimeSpan.Zero, _time, halfTime.Token));
                await halfTime.CancelAsync(); // else the timer would outlive a quick request
            }

            while (await _toJudge.Reader.WaitToReadAsync(deadline))
            {
                await ScoreWaveAsync(session, deadline);
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            ScoringRanOut = !cancellationToken.IsCancellationRequested;
        }
        catch (Exception exception)
        {
            FailScoring(exception);
        }
    }

    private async Task<GenerationEnd> ReadAsync(
        IAsyncEnumerable<GenerationEvent> events, CancellationToken deadline, CancellationToken stop)
    {
        var budget = _request.Generation.TokenBudget ?? int.MaxValue;
        await foreach (var happened in events.WithCancellation(stop))
        {
            FirstToken ??= happened is CandidateFailed ? null : Elapsed;
            var slot = _slots[happened.Index];
            if (slot.HasEnded)
            {
                continue;
            }

            _request.Live?.TryWrite(happened);
            switch (happened)
            {
                case CandidateDelta delta:
                    slot.Append(delta.Text);

                    // Generators keep the budget themselves; one that does not is ended here, one piece late.
                    if (_slots.Sum(each => each.CompletionTokens) > budget)
                    {
                        return GenerationEnd.TokenBudget;
                    }

                    break;
                case CandidateFinished finished:
                    slot.Finish(finished.Candidate);
                    _toJudge.Writer.TryWrite(slot);
                    LogFinished(finished.Candidate);
                    if (IsDecided())
                    {
                        return GenerationEnd.Decided;
                    }

                    if (deadline.IsCancellationRequested)
                    {
                        return GenerationEnd.TimeBudget;
                    }

                    break;
                case CandidateFailed failed:
                    slot.Fail(failed.Exception);
                    LogFailed(slot.Index, failed.Exception.Failure);
                    break;
            }
        }

        return GenerationEnd.Complete;
    }

    private bool IsDecided() =>
        _request is { Choices: 1, WantsScores: false } && !_strategy.NeedsScores && _slots.Length > 1 && _strategy.IsDecided(
            [.. _slots.Where(slot => slot is { Candidate: not null, Flaw: AnswerFlaw.None }).Select(slot => slot.Scored)],
            _slots.Count(slot => !slot.HasEnded));

    private async Task ScoreWaveAsync(IScoringSession session, CancellationToken deadline)
    {
        List<CandidateSlot> wave = [];
        while (_toJudge.Reader.TryRead(out var slot))
        {
            wave.Add(slot);
        }

        wave.Sort((a, b) => a.Index.CompareTo(b.Index));
        var started = _time.GetTimestamp();
        var scores = await session
            .ScoreAsync([.. wave.Select(slot => new Answer(slot.Index, JudgedText.Of(slot.Content), !slot.IsPartial))], deadline)
            .WaitAsync(deadline);
        ScoringTime += _time.GetElapsedTime(started);

        if (scores.Count != wave.Count)
        {
            throw new ScoringFailedException($"The reward model gave {scores.Count} scores for {wave.Count} answers.");
        }

        foreach (var (slot, score) in wave.Zip(scores))
        {
            if (score is not { } given)
            {
                slot.IsTooLongToJudge = true;
            }
            else if (double.IsFinite(given.Value))
            {
                slot.Score = given;
                _request.Live?.TryWrite(new CandidateScored(slot.Index, given));
            }
            else
            {
                FailScoring(new ScoringFailedException($"The reward model gave candidate {slot.Index} the score {given.Value}."));
            }
        }
    }

    private void LogFinished(Candidate candidate)
    {
        if (_logger.IsEnabled(LogLevel.Trace))
        {
            _logger.CandidateFinished(candidate.Index, LoggedText.Of(candidate.FinishReason), LoggedText.Of(candidate.Text));
        }
    }

    /// <summary>The words of a server, and those about a wrong request, may repeat the prompt; all others are the product's own.</summary>
    private void LogFailed(int index, Failure failure)
    {
        var mayRepeatPrompt = failure.Upstream is not null || failure.IsCallersFault;
        var reason = failure.Upstream is { } answer ? $"the upstream answered with status {answer.Status}"
            : mayRepeatPrompt ? "the request was refused"
            : LoggedText.Of(failure.Message);
        _logger.CandidateFailed(index, failure.ErrorType, reason);
        if (mayRepeatPrompt && _logger.IsEnabled(LogLevel.Trace))
        {
            _logger.GeneratorSaid(index, LoggedText.Of(failure.Message));
        }
    }

    private static string WithoutWords(Exception exception) =>
        LoggedText.WithoutWords(exception is ScoringFailedException { InnerException: { } inner } ? inner : exception);

    private void FinishPartially()
    {
        foreach (var slot in _slots)
        {
            if (slot.TryFinishPartially(Elapsed, _promptTokens ?? 0))
            {
                _toJudge.Writer.TryWrite(slot);
            }
        }
    }

    private void FailUnfinished(GenerationFailedException failure)
    {
        foreach (var slot in _slots.Where(slot => !slot.HasEnded))
        {
            slot.Fail(failure);
            _request.Live?.TryWrite(new CandidateFailed(slot.Index, failure));
        }
    }

    private void FailScoring(Exception exception)
    {
        ScorerFailed = true;
        if (exception is ScoringFailedException { IsPromptUnreadable: true } refusal)
        {
            Refusal = refusal;
            return;
        }

        var isOwn = exception is ScoringFailedException { MayQuotePrompt: false };
        _logger.ScorerFailed(_request.RewardModel!.Name, isOwn ? LoggedText.Of(exception.Message) : WithoutWords(exception));
        if (!isOwn && _logger.IsEnabled(LogLevel.Trace))
        {
            _logger.ScorerSaid(_request.RewardModel!.Name, LoggedText.Of(exception.Message));
        }
    }
}
