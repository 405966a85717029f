using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>Questions about a drawn video in two families, equally often and in three phrasings each.</summary>
/// <remarks>Everything can be seen at the size at which videos are read; what is hard is to find the answer, not to check it. Thread-safe.
/// The same on every platform.</remarks>
public sealed class PocketVideoWorld : IPocketWorld
{
    private const ulong Stream = 3;

    private readonly PocketVideoWorldOptions _options;

    /// <exception cref="ArgumentOutOfRangeException">A number of <paramref name="options"/> is out of its range.</exception>
    public PocketVideoWorld(PocketVideoWorldOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
    }

    public string Name => PocketWorlds.Video;

    public IReadOnlyList<ProblemFamily> Families { get; } = [ProblemFamily.FrameSum, ProblemFamily.FrameOrder];

    /// <inheritdoc/>
    public Problem Draw(ulong seed, long index, Split split, ProblemFamily? family = null)
    {
        var random = new SplitMix64(seed, (ulong)index, (ulong)split, Stream);
        var drawn = Families[random.Below(Families.Count)];
        Problem problem;
        do
        {
            problem = (family ?? drawn) switch
            {
                ProblemFamily.FrameSum => FrameSumProblem.Draw(_options, random),
                _ => FrameOrderProblem.Draw(_options, random),
            };
        }
        while (problem.Split != split);

        return problem;
    }
}
