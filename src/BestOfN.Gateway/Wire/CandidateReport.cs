using System.Text.Json.Serialization;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Requests;

namespace BestOfN.Gateway.Wire;

/// <summary>What became of one candidate.</summary>
internal sealed record CandidateReport
{
    public required int Index { get; init; }

    /// <summary>Null where it has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Score { get; init; }

    public int? Rank { get; init; }

    /// <summary><c>scored</c>, <c>finished</c>, <c>partial</c>, <c>failed</c>, <c>cancelled</c>, or the flaw of a complete answer.</summary>
    public required string Status { get; init; }

    public string? FinishReason { get; init; }

    public long? CompletionTokens { get; init; }

    public long? LatencyMs { get; init; }

    public RawJson? Message { get; init; }

    public static CandidateReport Of(RankedCandidate ranked, ReportDetail detail) => new()
    {
        Index = ranked.Index,
        Score = ranked.Score?.Value,
        Rank = ranked.Rank,
        Status = ranked.Status is CandidateStatus.Scored or CandidateStatus.Finished && ranked.Flaw is not AnswerFlaw.None ? Degradations.Word(ranked.Flaw) : Word(ranked.Status),
        FinishReason = ranked.Candidate?.FinishReason,
        CompletionTokens = ranked.Candidate?.Usage.CompletionTokens,
        LatencyMs = ranked.Candidate is { } candidate ? (long)candidate.Latency.TotalMilliseconds : null,
        Message = detail is ReportDetail.Candidates && ranked.Candidate is { } made ? new RawJson(made.Message) : null,
    };

    private static string Word(CandidateStatus status) => status switch
    {
        CandidateStatus.Scored => "scored",
        CandidateStatus.Finished => "finished",
        CandidateStatus.Partial => "partial",
        CandidateStatus.Failed => "failed",
        _ => "cancelled",
    };
}
