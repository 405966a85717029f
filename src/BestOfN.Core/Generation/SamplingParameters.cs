namespace BestOfN.Core.Generation;

/// <summary>How candidates are drawn. Null means the generator's own default.</summary>
public sealed record SamplingParameters
{
    /// <summary>0 is greedy.</summary>
    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public int? TopK { get; init; }

    public double? MinP { get; init; }

    public double? FrequencyPenalty { get; init; }

    public double? PresencePenalty { get; init; }

    /// <summary>Limit for one candidate, in tokens.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Candidate i is drawn with <see cref="SeedOf"/>; null: each candidate gets a random seed of its own.</summary>
    public long? Seed { get; init; }

    /// <summary>Generation ends before the first of these; it is not part of the answer.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Report the log-probability of every token drawn.</summary>
    public bool Logprobs { get; init; }

    /// <summary>Alternatives to report for every token, 0..20.</summary>
    public int TopLogprobs { get; init; }

    /// <summary>
    /// The seed of one candidate: <c>seed + candidate</c>, or <c>seed − candidate</c> where that would be larger than any seed can be.
    /// </summary>
    public static long SeedOf(long seed, int candidate) => seed <= long.MaxValue - candidate ? seed + candidate : seed - candidate;
}
