namespace BestOfN.Training.Worlds;

/// <summary>Several worlds in turn: problem i is of world i modulo their number.</summary>
/// <param name="names">One that stands here twice is drawn from twice as often.</param>
internal sealed class WorldMixture(IReadOnlyList<string> names)
{
    private const int Companions = 4;
    private const int VocabularySample = 2_000;
    private const ulong VocabularySeed = 1;

    private readonly IPocketWorld[] _worlds = [.. names.Distinct().Select(PocketWorlds.Of)];

    public Problem Draw(ulong seed, long index, Split split) => PocketWorlds.Of(names[(int)(index % names.Count)]).Draw(seed, index, split);

    /// <summary>A problem to train on and at most four more about the same picture.</summary>
    public IReadOnlyList<Problem> DrawWithCompanions(ulong seed, long index)
    {
        var problem = Draw(seed, index, Split.Training);
        return [problem, .. problem.Companions(new SplitMix64(seed, (ulong)index)).Take(Companions)];
    }

    /// <summary>Held-out problems of each world by its name.</summary>
    public IEnumerable<(string World, Problem[] Problems)> HeldOut(ulong seed, int count) =>
        _worlds.Select(w => (w.Name, Enumerable.Range(0, count).Select(i => w.Draw(seed, i, Split.HeldOut)).ToArray()));

    /// <summary>What a vocabulary is learned from: the same problems whatever is trained, so that all models of the worlds have one vocabulary.</summary>
    public IEnumerable<Problem> VocabularyProblems() => Enumerable.Range(0, VocabularySample).Select(i => _worlds[i % _worlds.Length].Draw(VocabularySeed, i / _worlds.Length, Split.Training));
}
