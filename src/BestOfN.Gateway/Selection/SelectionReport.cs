using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Protocols.OpenAI.Wire;

namespace BestOfN.Gateway.Selection;

/// <summary>Writes a selection as the records that clients see.</summary>
internal static class SelectionReport
{
    /// <returns>Null where the client did not ask for a report.</returns>
    public static BestOfNReport? Of(SelectionResult selection, ReportDetail detail) => detail is ReportDetail.None ? null : new()
    {
        Strategy = selection.Strategy,
        RewardModel = selection.RewardModel,
        Requested = selection.Requested,
        Finished = selection.Finished,
        Scored = selection.Scored,
        Selected = selection.Winner.Index,
        Degraded = selection.Degraded,
        Usage = new BestOfNUsage(UsageOf(selection.Winner.Candidate!.Usage), UsageOf(selection.TotalUsage)),
        TimingMs = new BestOfNTiming(
            (long)selection.Timing.Generation.TotalMilliseconds,
            (long)selection.Timing.Scoring.TotalMilliseconds,
            (long)selection.Timing.Total.TotalMilliseconds),
        Candidates = [.. selection.Candidates.Select(candidate => CandidateOf(candidate, detail))],
    };

    /// <returns>Null where the prompt's tokens were not counted: no prompt has 0.</returns>
    public static Usage? UsageOf(TokenUsage usage) =>
        usage.PromptTokens == 0 ? null : new(usage.PromptTokens, usage.CompletionTokens, usage.TotalTokens)
        {
            Details = usage.Details.Count == 0 ? null : new Dictionary<string, JsonElement>(usage.Details),
        };

    private static CandidateReport CandidateOf(RankedCandidate ranked, ReportDetail detail) => new()
    {
        Index = ranked.Index,
        Score = ranked.Score?.Value,
        Rank = ranked.Rank,
        Status = StatusOf(ranked),
        FinishReason = ranked.Candidate?.FinishReason,
        CompletionTokens = ranked.Candidate?.Usage.CompletionTokens,
        LatencyMs = ranked.Candidate is { } candidate ? (long)candidate.Latency.TotalMilliseconds : null,
        Message = detail is ReportDetail.Candidates or ReportDetail.Live && ranked.Candidate is { } made ? new RawJson(made.Message) : null,
    };

    private static string StatusOf(RankedCandidate ranked) => ranked.Status switch
    {
        CandidateStatus.Scored or CandidateStatus.Finished when ranked.Flaw is not AnswerFlaw.None => Degradations.Word(ranked.Flaw),
        CandidateStatus.Scored => "scored",
        CandidateStatus.Finished => "finished",
        CandidateStatus.Partial => "partial",
        CandidateStatus.Failed => "failed",
        _ => "cancelled",
    };
}
