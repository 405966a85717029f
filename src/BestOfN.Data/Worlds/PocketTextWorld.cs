using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>An endless, verifiable source of small questions in three families, equally often and in three phrasings each.</summary>
/// <remarks>Thread-safe. The same on every platform.</remarks>
public sealed class PocketTextWorld : IPocketWorld
{
    private readonly PocketTextWorldOptions _options;

    /// <exception cref="ArgumentOutOfRangeException">A number of <paramref name="options"/> is out of its range.</exception>
    public PocketTextWorld(PocketTextWorldOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
    }

    public string Name => PocketWorlds.Text;

    public IReadOnlyList<ProblemFamily> Families { get; } = [ProblemFamily.Pair, ProblemFamily.Route, ProblemFamily.Order];

    /// <inheritdoc/>
    public Problem Draw(ulong seed, long index, Split split, ProblemFamily? family = null)
    {
        var random = new SplitMix64(seed, (ulong)index, (ulong)split);
        var drawn = Families[random.Below(Families.Count)];
        Problem problem;
        do
        {
            problem = (family ?? drawn) switch
            {
                ProblemFamily.Pair => PairProblem.Draw(_options, random),
                ProblemFamily.Route => RouteProblem.Draw(_options, random),
                _ => OrderProblem.Draw(_options, random),
            };
        }
        while (problem.Split != split);

        return problem;
    }
}
