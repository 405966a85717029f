namespace BestOfN.Benchmarks.Generation;

/// <summary>One N: medians over its rounds.</summary>
internal sealed record GenerationResult
{
    /// <summary><c>own</c> or <c>llama.cpp</c>.</summary>
    public required string Engine { get; init; }

    public required string Type { get; init; }

    public required int P { get; init; }

    public required int N { get; init; }

    /// <summary>Longest answer reached.</summary>
    public required int A { get; init; }

    public required double PrefillSeconds { get; init; }

    /// <summary>One token for each of N candidates.</summary>
    public required double StepSeconds { get; init; }

    /// <summary>What a step must read at least: weights, language head, keys and values of the
    /// prompt once, of every answer at half its length.</summary>
    public required double StepBytes { get; init; }

    /// <summary>Measured between the steps.</summary>
    public required double BytesPerSecond { get; init; }

    public required int Rounds { get; init; }

    /// <summary>A step of N over a step of 1.</summary>
    public double? OverOne { get; init; }

    /// <summary>Prefill and A steps, of N over 1.</summary>
    public double? RequestOverOne { get; init; }

    /// <summary>Tokens per second over those of the own engine at the same N, the median over steps of the same turn; null for the own
    /// engine.</summary>
    public double? OverOwn { get; init; }

    public double RequestSeconds => PrefillSeconds + (A * StepSeconds);

    public double TokensPerSecond => N / StepSeconds;

    public double? TokensOverOne => N / OverOne;

    public double BoundSeconds => StepBytes / BytesPerSecond;

    public double OverBound => StepSeconds / BoundSeconds;

    public double ShareOfBound => BoundSeconds / StepSeconds;
}
