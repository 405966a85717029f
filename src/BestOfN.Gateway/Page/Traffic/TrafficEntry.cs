namespace BestOfN.Gateway.Page.Traffic;

/// <summary>One request that was answered or refused, in numbers.</summary>
internal sealed record TrafficEntry
{
    /// <summary>Counts all requests since the start, from 1.</summary>
    public long Number { get; init; }

    /// <summary>When it ended, in milliseconds since 1970 (UTC).</summary>
    public required long At { get; init; }

    /// <summary>Configured name of the model; null where the request named none that exists.</summary>
    public string? Model { get; init; }

    /// <summary>HTTP status; 499 for a client that hung up.</summary>
    public required int Status { get; init; }

    /// <summary>Candidates that were asked for.</summary>
    public int? Candidates { get; init; }

    public string? Strategy { get; init; }

    /// <summary>Milliseconds that it waited for its turn.</summary>
    public required double QueueMs { get; init; }

    /// <summary>Milliseconds from the beginning of the work to the last candidate; null where there is no answer.</summary>
    public double? GenerationMs { get; init; }

    /// <summary>Milliseconds in passes of the reward model; null where there is no answer.</summary>
    public double? ScoringMs { get; init; }

    /// <summary>Milliseconds from its first byte to the last byte of its answer.</summary>
    public required double TotalMs { get; init; }

    /// <summary>Scores of the candidates in the order of their ranks.</summary>
    public IReadOnlyList<double> Scores { get; init; } = [];

    /// <summary>What was lost on the way, without numbers of candidates.</summary>
    public IReadOnlyList<string> Degraded { get; init; } = [];

    /// <summary>Beginning of the question; null unless the operator allows it.</summary>
    public string? Question { get; init; }

    /// <summary>Beginning of the answer; null unless the operator allows it.</summary>
    public string? Answer { get; init; }
}
