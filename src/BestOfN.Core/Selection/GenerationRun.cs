using System.Threading.Channels;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace BestOfN.Core.Selection;

/// <summary>Has the candidates of one request made, and passes on each that has finished.</summary>
/// <param name="request">The request.</param>
/// <param name="strategy">Tells when the winner is certain.</param>
/// <param name="slots">One for each candidate, by index.</param>
/// <param name="finished">Receives the slots of candidates that have an answer; completed at the end.</param>
/// <param name="clock">The request's.</param>
/// <param name="logger">The selector's.</param>
internal sealed class GenerationRun(
    SelectionRequest request, ISelectionStrategy strategy, IReadOnlyList<CandidateSlot> slots, ChannelWriter<CandidateSlot> finished,
    SelectionClock clock, ILogger logger)
{
    private TimeSpan? _firstToken;
    private int? _promptTokens;

    /// <summary>
    /// Takes in candidates until all have ended, a budget runs out or the winner is certain. Does not throw: a failure is that of its
    /// candidates.
    /// </summary>
    /// <param name="deadline">Ends the waiting for candidates.</param>
    /// <param name="cancellationToken">The caller hung up.</param>
    public async Task<GenerationOutcome> RunAsync(CancellationToken deadline, CancellationToken cancellationToken)
    {
        var end = await MakeAsync(deadline, cancellationToken);
        if (end is GenerationEnd.Complete)
        {
            FailUnfinished(new GenerationFailedException("The generator ended without finishing the candidate."));
        }
        else if (end is GenerationEnd.TimeBudget or GenerationEnd.TokenBudget && !slots.Any(slot => slot.Candidate is not null))
        {
            FinishPartially();
        }

        var outcome = new GenerationOutcome(end, clock.Elapsed, _firstToken);
        finished.Complete();
        return outcome;
    }

    private async Task<GenerationEnd> MakeAsync(CancellationToken deadline, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var ending = deadline.Register(() =>
        {
            // Otherwise the first candidate that finishes ends the generation.
            if (request.CutsAnswers || slots.Any(slot => slot.Candidate is not null))
            {
                stop.Cancel();
            }
        });
        try
        {
            stop.Token.ThrowIfCancellationRequested();
            await using var generation = request.Generator.Start(request.Generation, stop.Token);
            try
            {
                return await ReadAsync(generation.Events, deadline, stop.Token);
            }
            finally
            {
                _promptTokens = generation.PromptTokens;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return cancellationToken.IsCancellationRequested ? GenerationEnd.Abandoned : GenerationEnd.TimeBudget;
        }
        catch (Exception exception)
        {
            var failure = exception as GenerationFailedException ?? new GenerationFailedException("The generator failed.", exception);

            // Other kinds are answers to the client, not faults that an operator has to look for.
            if (failure.Failure.Kind is FailureKind.Upstream or FailureKind.Internal)
            {
                logger.GenerationBroke(LoggedText.WithoutWords(exception));
            }

            FailUnfinished(failure);
            return GenerationEnd.Broken;
        }
    }

    private async Task<GenerationEnd> ReadAsync(
        IAsyncEnumerable<GenerationEvent> events, CancellationToken deadline, CancellationToken stop)
    {
        await foreach (var happened in events.WithCancellation(stop))
        {
            _firstToken ??= happened is CandidateFailed ? null : clock.Elapsed;
            var slot = slots[happened.Index];
            if (slot.HasEnded)
            {
                continue;
            }

            request.Live?.TryWrite(happened);
            switch (happened)
            {
                case CandidateDelta delta:
                    slot.Append(delta.Text);

                    // Generators keep the budget themselves; one that does not is ended here, one piece late.
                    if (request.Generation.TokenBudget is { } budget && slots.Sum(each => each.CompletionTokens) > budget)
                    {
                        return GenerationEnd.TokenBudget;
                    }

                    break;
                case CandidateFinished { Candidate: var candidate }:
                    slot.Finish(candidate);
                    finished.TryWrite(slot);
                    LogFinished(candidate);
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
        request is { Choices: 1, WantsScores: false } && !strategy.NeedsScores && slots.Count > 1 && strategy.IsDecided(
            [.. slots.Where(slot => slot is { Candidate: not null, Flaw: AnswerFlaw.None }).Select(slot => slot.Scored)],
            slots.Count(slot => !slot.HasEnded));

    private void FinishPartially()
    {
        foreach (var slot in slots)
        {
            if (slot.TryFinishPartially(clock.Elapsed, _promptTokens ?? 0))
            {
                finished.TryWrite(slot);
            }
        }
    }

    private void FailUnfinished(GenerationFailedException failure)
    {
        foreach (var slot in slots.Where(slot => !slot.HasEnded))
        {
            slot.Fail(failure);
        }
    }

    private void LogFinished(Candidate candidate)
    {
        if (logger.IsEnabled(LogLevel.Trace))
        {
            logger.CandidateFinished(candidate.Index, LoggedText.Of(candidate.FinishReason), LoggedText.Of(candidate.Text));
        }
    }

    /// <summary>The words of a server, and those about a wrong request, may repeat the prompt; all others are the product's own.</summary>
    private void LogFailed(int index, Failure failure)
    {
        var mayRepeatPrompt = failure.Upstream is not null || failure.IsCallersFault;
        var reason = failure.Upstream is { } answer ? $"the upstream answered with status {answer.Status}"
            : mayRepeatPrompt ? "the request was refused"
            : LoggedText.Of(failure.Message);
        logger.CandidateFailed(index, failure.ErrorType, reason);
        if (mayRepeatPrompt && logger.IsEnabled(LogLevel.Trace))
        {
            logger.GeneratorSaid(index, LoggedText.Of(failure.Message));
        }
    }
}
