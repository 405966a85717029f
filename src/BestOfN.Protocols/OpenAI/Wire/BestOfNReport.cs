namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>How the answer was found.</summary>
public sealed record BestOfNReport
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
}
