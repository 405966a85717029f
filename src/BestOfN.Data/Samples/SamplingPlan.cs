using BestOfN.Core.Generation;

namespace BestOfN.Data.Samples;

/// <summary>How many answers are drawn for each prompt, and how.</summary>
public sealed record SamplingPlan
{
    /// <summary>Answers for each prompt, at least 1.</summary>
    public required int Answers { get; init; }

    /// <summary>The generator's own name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>How an answer is drawn. Its seed is replaced by one that follows from <see cref="Seed"/> and the prompt's
    /// position.</summary>
    public required SamplingParameters Sampling { get; init; }

    /// <summary>With the position of a prompt it decides the seed of each answer.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Prompts in work at the same time, so that the engines find full batches.</summary>
    public int Concurrency { get; init; } = 8;
}
