using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>What became of one candidate.</summary>
public sealed record CandidateReport
{
    public required int Index { get; init; }

    /// <summary>Null where it has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Score { get; init; }

    public int? Rank { get; init; }

    /// <summary>
    /// <c>scored</c>, <c>finished</c>, <c>partial</c>, <c>failed</c>, <c>cancelled</c>, or the flaw of a complete answer.
    /// </summary>
    public required string Status { get; init; }

    public string? FinishReason { get; init; }

    public long? CompletionTokens { get; init; }

    public long? LatencyMs { get; init; }

    public RawJson? Message { get; init; }
}
