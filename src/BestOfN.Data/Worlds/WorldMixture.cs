using System.Text.Json;
using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>Several worlds in turn: problem i is of world i modulo their number.</summary>
internal sealed class WorldMixture
{
    private const int Companions = 4;
    private const int VocabularySample = 2_000;
    private const ulong VocabularySeed = 1;

    private readonly (IPocketWorld World, ProblemFamily? Family)[] _turns;
    private readonly IPocketWorld[] _worlds;

    /// <param name="names">Worlds, or one of their families, such as <c>pocket-text/route</c>. A name that
    /// is given twice is drawn from twice as often.</param>
    /// <exception cref="ArgumentException">There is no such world, or it has no such family.</exception>
    public WorldMixture(IReadOnlyList<string> names)
    {
        _turns = names.Count > 0 ? [.. names.Select(Turn)] : throw new ArgumentException("No world is named.", nameof(names));
        _worlds = [.. _turns.Select(t => t.World).Distinct()];
    }

    public Problem Draw(ulong seed, long index, Split split)
    {
        var (world, family) = _turns[(int)(index % _turns.Length)];
        return world.Draw(seed, index, split, family);
    }

    /// <summary>A problem to train on and at most four more about the same picture.</summary>
    public IReadOnlyList<Problem> DrawWithCompanions(ulong seed, long index)
    {
        var problem = Draw(seed, index, Split.Training);
        return [problem, .. problem.Companions(new SplitMix64(seed, (ulong)index)).Take(Companions)];
    }

    /// <summary>Held-out problems of each world by its name.</summary>
    public IEnumerable<(string World, Problem[] Problems)> HeldOut(ulong seed, int count) =>
        _worlds.Select(w => (w.Name, Enumerable.Range(0, count).Select(i => w.Draw(seed, i, Split.HeldOut)).ToArray()));

    /// <summary>The problems from which a vocabulary is learned: the same for every training, so that
    /// all models of the worlds have one vocabulary.</summary>
    public IEnumerable<Problem> VocabularyProblems() => Enumerable.Range(0, VocabularySample)
        .Select(i => _worlds[i % _worlds.Length].Draw(VocabularySeed, i / _worlds.Length, Split.Training));

    private static (IPocketWorld World, ProblemFamily? Family) Turn(string name)
    {
        var parts = name.Split('/', 2);
        var world = PocketWorlds.Of(parts[0]);
        if (parts.Length == 1)
        {
            return (world, null);
        }

        var known = world.Families.ToDictionary(f => JsonNamingPolicy.KebabCaseLower.ConvertName($"{f}"));
        return known.TryGetValue(parts[1], out var family) ? (world, family)
            : throw new ArgumentException(
                $"{world.Name} has no family '{parts[1]}'. Its families are {string.Join(", ", known.Keys)}.", nameof(name));
    }
}
