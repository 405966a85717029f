using BestOfN.Core.Generation;
using BestOfN.Data.Worlds;

namespace BestOfN.Data.Evaluation;

/// <summary>How pools are drawn.</summary>
public sealed record PoolSampling
{
    /// <summary>Where the problems come from, by the world's name.</summary>
    public string World { get; init; } = PocketWorlds.Text;

    public required int Problems { get; init; }

    /// <summary>Answers per problem, besides the greedy one.</summary>
    public required int Samples { get; init; }

    /// <summary>Decides the problems and every answer.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The generator's own name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>How answers are drawn; its seed is replaced by one that follows from <see cref="Seed"/> and the problem.</summary>
    public SamplingParameters Sampling { get; init; } = new() { Temperature = 1, MaxTokens = 128 };

    /// <summary>Problems in work at the same time, so that the engines find full batches.</summary>
    public int Concurrency { get; init; } = 8;
}
