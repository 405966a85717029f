using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace BestOfN.Core.Selection;

/// <summary>
/// The story of a request: several answers are made while the reward model reads the question, all are scored, the best is chosen.
/// </summary>
/// <remarks>
/// <list type="number">
/// <item>The reward model is shown the images of the prompt: one that it cannot read is refused before a candidate has cost anything. Then
/// it begins with the prompt, and the generator with the candidates.</item>
/// <item>Finished candidates are scored, those that were cut short too. A lost candidate never takes its siblings with it.</item>
/// <item>Candidates are ordered by their <see cref="AnswerFlaw"/>, so that a flawed one wins only if nothing better is there; among those
/// with the same, scored ones go before unscored ones; scored ones are ordered by the strategy, unscored ones by majority vote, whose ties
/// go to the lower index. A failing reward model leads to the majority's answer, and where all answers differ to the first;
/// <see cref="Degradations"/> says so.</item>
/// </list>
/// Thread-safe; holds no state of a request.
/// </remarks>
public sealed class BestOfNSelector(
    SelectionStrategies strategies, SelectionTelemetry telemetry, TimeProvider time, ILogger<BestOfNSelector> logger)
{
    /// <exception cref="GenerationFailedException">
    /// There is no answer. Where all candidates failed alike, the first failure; <see cref="FailureKind.TimedOut"/> where time or tokens
    /// ran out.
    /// </exception>
    /// <exception cref="ScoringFailedException">The reward model cannot be shown the prompt (<see
    /// cref="ScoringFailedException.IsPromptUnreadable"/>).</exception>
    /// <exception cref="OperationCanceledException">The caller hung up.</exception>
    public async Task<SelectionResult> SelectAsync(SelectionRequest asked, CancellationToken cancellationToken)
    {
        var request = asked with { Generation = asked.Generation with { Candidates = asked.CandidatesToMake } };
        using var measurement = telemetry.Start(request, time);
        try
        {
            var selection = await SelectAsync(asked, request, cancellationToken);
            measurement.Selected(selection);
            return selection;
        }
        catch (Exception exception)
        {
            measurement.Failed(exception);
            throw;
        }
    }

    private async Task<SelectionResult> SelectAsync(SelectionRequest asked, SelectionRequest request, CancellationToken cancellationToken)
    {
        var strategy = strategies[asked.Strategy];
        var judges = request.IsJudged(strategy);
        var run = new SelectionRun(request, strategy, time, logger);
        var budget = request.CutsAnswers || request.Generation.Candidates > 1 ? request.TimeBudget : (TimeSpan?)null;
        using var deadlines = new Deadlines(budget, judges, time, cancellationToken);
        if (logger.IsEnabled(LogLevel.Trace))
        {
            var messages = request.Generation.Prompt.Messages.Select(message => $"{message.Role}: {message.Text}");
            logger.Asked(request.Generation.Candidates, LoggedText.Of(string.Join('\n', messages)));
        }

        // 1. The reward model looks at the images, then both begin.
        await using var session = judges ? run.Begin(request.RewardModel!, request.Generation.Prompt) : null;
        await run.SeePromptAsync(session, deadlines.GenerationDeadline);
        ThrowIfRefused(run);
        var scoring = run.ScoreAsync(session, deadlines.AnswerDeadline, cancellationToken);
        await run.GenerateAsync(deadlines.GenerationDeadline, cancellationToken);

        // 2. The rest is scored.
        await scoring;
        if (cancellationToken.IsCancellationRequested)
        {
            logger.Abandoned();
            cancellationToken.ThrowIfCancellationRequested();
        }

        ThrowIfRefused(run);

        // 3. The best is chosen.
        var ranking = Rank(strategy, run.Slots);
        if (ranking.Count == 0)
        {
            throw NoAnswer(run);
        }

        var selection = new SelectionResult
        {
            Strategy = strategy.Name,
            RewardModel = judges ? request.RewardModel!.Name : null,
            Requested = request.Generation.Candidates,
            Candidates =
            [
                .. ranking.Select((slot, place) => Report(slot, place + 1)),
                .. run.Slots.Except(ranking).Select(slot => Report(slot, null)),
            ],
            Degraded = [.. Losses(asked, request, run)],
            TotalUsage = Total(run.Slots),
            Timing = new SelectionTiming(run.GenerationTime, run.ScoringTime, run.Elapsed) { FirstToken = run.FirstToken },
        };
        Log(request, selection);
        return selection;
    }

    private static void ThrowIfRefused(SelectionRun run)
    {
        if (run.Refusal is { } refusal)
        {
            throw refusal;
        }
    }

    private static List<CandidateSlot> Rank(ISelectionStrategy strategy, IReadOnlyList<CandidateSlot> slots)
    {
        var answered = slots.Where(slot => slot.Candidate is not null).Select(slot => (slot.Scored, slot.Flaw));
        return [.. AnswerOrder.Of(strategy, answered).Select(ranked => slots[ranked.Candidate.Index])];
    }

    private static RankedCandidate Report(CandidateSlot slot, int? rank) => new()
    {
        Index = slot.Index,
        Status = slot.Status,
        Flaw = slot.Flaw,
        Rank = rank,
        Candidate = slot.Candidate,
        Score = slot.Score,
        IsPartial = slot.IsPartial,
    };

    private static IEnumerable<string> Losses(SelectionRequest asked, SelectionRequest request, SelectionRun run)
    {
        if (request.Generation.Candidates < asked.Generation.Candidates)
        {
            yield return Degradations.GreedySingle;
        }

        foreach (var slot in run.Slots.Where(slot => slot.Failure is not null))
        {
            yield return Degradations.CandidateFailed(slot.Index);
        }

        // A single candidate wins whatever it is: its flaws are told to those who ask how it was found.
        var tellsFlaws = run.Slots.Count > 1 || request.WantsScores;
        var budgetCut = run.End is GenerationEnd.TimeBudget or GenerationEnd.TokenBudget || HasSpentTokens(request, run);
        foreach (var slot in run.Slots.Where(
            slot => tellsFlaws && slot.Flaw is not AnswerFlaw.None && !(slot.Flaw is AnswerFlaw.CutOff && budgetCut)))
        {
            yield return Degradations.Flawed(slot.Flaw, slot.Index);
        }

        if (tellsFlaws && request.Demands is { AreUnchecked: true })
        {
            yield return Degradations.SchemaUnchecked;
        }

        foreach (var slot in run.Slots.Where(slot => slot.IsTooLongToJudge))
        {
            yield return Degradations.TooLongToJudge(slot.Index);
        }

        if (run.End is GenerationEnd.TimeBudget || run.ScoringRanOut)
        {
            yield return Degradations.Deadline;
        }

        if (run.End is GenerationEnd.TokenBudget || HasSpentTokens(request, run))
        {
            yield return Degradations.TokenBudget;
        }

        if (run.ScorerFailed)
        {
            yield return Degradations.ScorerFailed;
        }
    }

    private static bool HasSpentTokens(SelectionRequest request, SelectionRun run) =>
        run.Slots.Sum(slot => slot.CompletionTokens) >= request.Generation.TokenBudget && run.Slots.Any(slot => slot.IsTruncated);

    private static TokenUsage Total(IReadOnlyList<CandidateSlot> slots) =>
        TokenUsage.Total([.. slots.Select(slot => slot.Candidate?.Usage ?? new TokenUsage(0, slot.CompletionTokens))]);

    private static GenerationFailedException NoAnswer(SelectionRun run)
    {
        if (run.End is GenerationEnd.TimeBudget)
        {
            return new(new Failure(FailureKind.TimedOut, "The time budget ran out before there was an answer."));
        }

        var failures = run.Slots.Select(slot => slot.Failure).OfType<GenerationFailedException>().ToList();
        if (failures.Count == 0)
        {
            return new(new Failure(FailureKind.TimedOut, "The token budget ran out before there was an answer."));
        }

        var first = failures[0];
        var isUnanimous = failures.All(
            each => (each.Failure.Kind, each.Failure.Upstream?.Status) == (first.Failure.Kind, first.Failure.Upstream?.Status));
        return isUnanimous ? first
            : new(
                new Failure(FailureKind.Upstream, $"No candidate could be made. The first of {failures.Count} failures: {first.Message}"),
                first);
    }

    private void Log(SelectionRequest request, SelectionResult selection)
    {
        if (selection.Degraded.Contains(Degradations.Deadline))
        {
            logger.BudgetExhausted(request.TimeBudget, selection.Scored, selection.Requested);
        }

        logger.Selected(
            selection.Winner.Index, selection.Requested, selection.Strategy, selection.Timing.Total.TotalMilliseconds, selection.Scored,
            string.Join(", ", selection.Degraded));
    }
}
