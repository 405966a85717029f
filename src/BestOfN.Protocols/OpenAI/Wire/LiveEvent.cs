namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>Something that has happened to one candidate, in a stream with <c>"return": "live"</c>.</summary>
public sealed record LiveEvent
{
    /// <summary><c>text</c>, <c>finished</c>, <c>failed</c>, <c>scored</c> or <c>ranked</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Number of the candidate, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>More of its text.</summary>
    public string? Text { get; init; }

    public string? FinishReason { get; init; }

    public long? CompletionTokens { get; init; }

    public long? LatencyMs { get; init; }

    /// <summary>Why it is lost.</summary>
    public string? Message { get; init; }

    public double? Score { get; init; }

    /// <summary>1 is the winner.</summary>
    public int? Rank { get; init; }
}
