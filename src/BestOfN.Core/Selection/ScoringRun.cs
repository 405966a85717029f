using System.Threading.Channels;
using BestOfN.Core.Rewards;
using BestOfN.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace BestOfN.Core.Selection;

/// <summary>Has the candidates of one request scored while others are still being made.</summary>
/// <param name="request">The request; it has a reward model.</param>
/// <param name="finished">Gives the slots of candidates that have an answer.</param>
/// <param name="clock">The request's.</param>
/// <param name="logger">The selector's.</param>
internal sealed class ScoringRun(
    SelectionRequest request, ChannelReader<CandidateSlot> finished, SelectionClock clock, ILogger logger) : IAsyncDisposable
{
    /// <summary>The part of the time budget in which nothing is scored while candidates are still being made.</summary>
    private const double WaitShare = 0.5;

    private readonly IRewardModel _rewardModel = request.RewardModel!;
    private IScoringSession? _session;
    private ScoringOutcome _outcome = ScoringOutcome.None;

    /// <summary>Opens a session of the reward model and waits until the model has seen the images of the prompt.</summary>
    /// <returns>Null, or why the model cannot read the prompt. Another failure is that of the scoring to come.</returns>
    public async Task<ScoringFailedException?> BeginAsync(CancellationToken deadline)
    {
        try
        {
            _session = _rewardModel.Begin(request.Generation.Prompt);
            await _session.SeePromptAsync(deadline).WaitAsync(deadline);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // The generation meets the same deadline and reports it.
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        return _outcome.Refusal;
    }

    /// <summary>
    /// Scores candidates that have finished. One pass over all of them is the cheapest, so none is scored before generation has ended or
    /// half of the time is gone; from then on those that have finished are scored in waves, so that the deadline finds scores. Does not
    /// throw.
    /// </summary>
    /// <param name="generation">Ends with the generation.</param>
    /// <param name="deadline">Ends the scoring.</param>
    /// <param name="cancellationToken">The caller hung up.</param>
    public async Task<ScoringOutcome> RunAsync(Task generation, CancellationToken deadline, CancellationToken cancellationToken)
    {
        if (_session is null || _outcome.HasFailed)
        {
            return _outcome;
        }

        try
        {
            var wait = (request.TimeBudget * WaitShare) - clock.Elapsed;
            using (var waiting = CancellationTokenSource.CreateLinkedTokenSource(deadline))
            {
                await Task.WhenAny(generation, Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, clock.Time, waiting.Token));
                await waiting.CancelAsync(); // else the timer would outlive a quick request
            }

            while (await finished.WaitToReadAsync(deadline))
            {
                await ScoreWaveAsync(_session, deadline);
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            _outcome = _outcome with { RanOut = !cancellationToken.IsCancellationRequested };
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        return _outcome;
    }

    public ValueTask DisposeAsync() => _session?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task ScoreWaveAsync(IScoringSession session, CancellationToken deadline)
    {
        List<CandidateSlot> wave = [];
        while (finished.TryRead(out var slot))
        {
            wave.Add(slot);
        }

        wave.Sort((a, b) => a.Index.CompareTo(b.Index));
        var started = clock.Elapsed;
        var scores = await session
            .ScoreAsync([.. wave.Select(slot => new Answer(slot.Index, JudgedText.Of(slot.Content), !slot.IsPartial))], deadline)
            .WaitAsync(deadline);
        _outcome = _outcome with { Time = _outcome.Time + clock.Elapsed - started };

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
            }
            else
            {
                Fail(new ScoringFailedException($"The reward model gave candidate {slot.Index} the score {given.Value}."));
            }
        }
    }

    private void Fail(Exception exception)
    {
        _outcome = _outcome with { HasFailed = true };
        if (exception is ScoringFailedException { IsPromptUnreadable: true } refusal)
        {
            _outcome = _outcome with { Refusal = refusal };
            return;
        }

        var isOwn = exception is ScoringFailedException { MayQuotePrompt: false };
        var accident = exception is ScoringFailedException { InnerException: { } inner } ? inner : exception;
        logger.ScorerFailed(_rewardModel.Name, isOwn ? LoggedText.Of(exception.Message) : LoggedText.WithoutWords(accident));
        if (!isOwn && logger.IsEnabled(LogLevel.Trace))
        {
            logger.ScorerSaid(_rewardModel.Name, LoggedText.Of(exception.Message));
        }
    }
}
