using Microsoft.Extensions.Logging;

namespace BestOfN.Core.Selection;

/// <summary>Event ids 1000 to 1099. What users and models wrote appears at Trace only.</summary>
internal static partial class SelectionLog
{
    [LoggerMessage(
        1000, LogLevel.Debug,
        "Candidate {Selected} of {Requested} won by {Strategy} after {ElapsedMs} ms; {Scored} scored; degraded: {Degraded}")]
    public static partial void Selected(
        this ILogger logger, int selected, int requested, string strategy, double elapsedMs, int scored, string degraded);

    [LoggerMessage(1001, LogLevel.Trace, "Asked for {Candidates} candidates: {Prompt}")]
    public static partial void Asked(this ILogger logger, int candidates, string prompt);

    [LoggerMessage(1002, LogLevel.Warning, "Time budget of {Budget} ran out with {Scored} of {Requested} candidates scored")]
    public static partial void BudgetExhausted(this ILogger logger, TimeSpan budget, int scored, int requested);

    [LoggerMessage(1003, LogLevel.Trace, "Candidate {Index} finished ({FinishReason}): {Text}")]
    public static partial void CandidateFinished(this ILogger logger, int index, string finishReason, string text);

    [LoggerMessage(1004, LogLevel.Warning, "Candidate {Index} is lost ({ErrorType}): {Reason}")]
    public static partial void CandidateFailed(this ILogger logger, int index, string errorType, string reason);

    [LoggerMessage(1008, LogLevel.Trace, "The generator's words about candidate {Index}: {Words}")]
    public static partial void GeneratorSaid(this ILogger logger, int index, string words);

    [LoggerMessage(1005, LogLevel.Error, "The generator broke: {Reason}")]
    public static partial void GenerationBroke(this ILogger logger, string reason);

    [LoggerMessage(1006, LogLevel.Error, "The reward model {RewardModel} failed: {Reason}")]
    public static partial void ScorerFailed(this ILogger logger, string rewardModel, string reason);

    [LoggerMessage(1009, LogLevel.Trace, "The reward model {RewardModel} said: {Words}")]
    public static partial void ScorerSaid(this ILogger logger, string rewardModel, string words);

    [LoggerMessage(1007, LogLevel.Debug, "The caller hung up; all work for it has ended")]
    public static partial void Abandoned(this ILogger logger);
}
