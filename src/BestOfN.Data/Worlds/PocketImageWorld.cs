using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>Questions about a drawn picture in three families, equally often and in three phrasings each.</summary>
/// <remarks>
/// The answer is drawn in details that are lost when the picture is halved: a model that sees the picture at half size knows
/// the possible answers and has to guess among them. Thread-safe. The same on every platform.
/// </remarks>
public sealed class PocketImageWorld : IPocketWorld
{
    private const ulong Stream = 2;

    public string Name => PocketWorlds.Image;

    public IReadOnlyList<ProblemFamily> Families { get; } = [ProblemFamily.Reading, ProblemFamily.Counting, ProblemFamily.Position];

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
                ProblemFamily.Reading => ReadingProblem.Draw(random),
                ProblemFamily.Counting => CountingProblem.Draw(random),
                _ => PositionProblem.Draw(random),
            };
        }
        while (problem.Split != split);

        return problem;
    }
}
