namespace BestOfN.Training.Worlds;

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

    /// <inheritdoc/>
    public Problem Draw(ulong seed, long index, Split split)
    {
        var random = new SplitMix64(seed, (ulong)index, (ulong)split);
        var family = (ProblemFamily)random.Below(3);
        Problem problem;
        do
        {
            problem = family switch
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
