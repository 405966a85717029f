using BestOfN.Core.Selection;
using BestOfN.Gateway.Requests;

namespace BestOfN.Gateway.Wire;

/// <summary>How the answer was found.</summary>
internal sealed record BestOfNReport
{
    public required string Strategy { get; init; }

    public string? RewardModel { get; init; }

    public required int Requested { get; init; }

    public required int Finished { get; init; }

    public required int Scored { get; init; }

    public required int Selected { get; init; }

    public required IReadOnlyList<string> Degraded { get; init; }

    public required BestOfNUsage Usage { get; init; }

    public required BestOfNTiming TimingMs { get; init; }

    public required IReadOnlyList<CandidateReport> Candidates { get; init; }

    /// <returns>Null where the client did not ask.</returns>
    public static BestOfNReport? Of(SelectionResult selection, ReportDetail detail) => detail is ReportDetail.None ? null : new()
    {
        Strategy = selection.Strategy,
        RewardModel = selection.RewardModel,
        Requested = selection.Requested,
        Finished = selection.Finished,
        Scored = selection.Scored,
        Selected = selection.Winner.Index,
        Degraded = selection.Degraded,
        Usage = new BestOfNUsage(Wire.Usage.Of(selection.Winner.Candidate!.Usage), Wire.Usage.Of(selection.TotalUsage)),
        TimingMs = new BestOfNTiming(
            (long)selection.Timing.Generation.TotalMilliseconds, (long)selection.Timing.Scoring.TotalMilliseconds, (long)selection.Timing.Total.TotalMilliseconds),
        Candidates = [.. selection.Candidates.Select(candidate => CandidateReport.Of(candidate, detail))],
    };
}
