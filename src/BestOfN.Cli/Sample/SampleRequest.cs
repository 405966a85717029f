using BestOfN.Data.Samples;
using BestOfN.Data.Worlds;

namespace BestOfN.Cli.Sample;

/// <summary>Prompts, the generator that answers them, the reward model that scores the answers, and the place of the samples.</summary>
internal sealed class SampleRequest
{
    /// <summary>File of prompts; null: there is a <see cref="World"/>.</summary>
    public required FileInfo? Prompts { get; init; }

    public required string? World { get; init; }

    public required int Problems { get; init; }

    public required Split Split { get; init; }

    public required FileInfo Output { get; init; }

    /// <summary>Whether what is there already is replaced.</summary>
    public required bool Replaces { get; init; }

    public required DirectoryInfo Generator { get; init; }

    /// <summary>A server in place of <see cref="Generator"/>.</summary>
    public required Uri? GeneratorUrl { get; init; }

    public required string? GeneratorKey { get; init; }

    public required DirectoryInfo? RewardFolder { get; init; }

    /// <summary>What tells the reward model on a server from others; null where there is none.</summary>
    public required string? RewardServer { get; init; }

    public required string Type { get; init; }

    public required string Device { get; init; }

    public required SamplingPlan Plan { get; init; }

    /// <summary>How many prompts there are.</summary>
    /// <exception cref="InvalidDataException">None, or the file is no file of prompts.</exception>
    public int Count()
    {
        var count = Prompts is null ? Problems : Read().Count();
        return count > 0 ? count : throw new InvalidDataException($"{Prompts} holds no prompt.");
    }

    /// <summary>The prompts in their order.</summary>
    public IEnumerable<SamplePrompt> Read() => Prompts is { } file ? SamplePrompt.ReadFile(file.FullName, Output.DirectoryName!)
        : SamplePrompt.Draw(PocketWorlds.Of(World!), Plan.Seed, Problems, Split);
}
