using BestOfN.Core.Prompts;
using BestOfN.Data.Worlds;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Videos;

namespace BestOfN.Training.Policy;

/// <summary>Problems of the worlds, a step of one world after the other.</summary>
/// <param name="worlds">Their names; one that is named twice is drawn from twice as often.</param>
/// <param name="seed">Decides the problems.</param>
internal sealed class WorldPrompts(IReadOnlyList<string> worlds, ulong seed) : IPromptSource
{
    // Held-out problems are drawn by another seed than those of published measurements.
    private const ulong HeldOutSeed = 20_000;

    private readonly WorldMixture[] _turns = [.. worlds.Select(w => new WorldMixture([w]))];

    public string Digest => string.Join(' ', worlds);

    public IReadOnlyList<PolicyPrompt> Draw(int step, int count)
    {
        var (round, turn) = Math.DivRem(step, _turns.Length);
        var first = (((long)round * _turns.Length) + turn) * count;
        return [.. Enumerable.Range(0, count).Select(i => Of(_turns[turn].Draw(seed, first + i, Split.Training)))];
    }

    public IReadOnlyList<(string Name, IReadOnlyList<PolicyPrompt> Prompts)> HeldOut(int count) =>
    [
        .. new WorldMixture(worlds).HeldOut(HeldOutSeed, count)
            .Select(w => (w.World, (IReadOnlyList<PolicyPrompt>)[.. w.Problems.Select(Of)])),
    ];

    private static PolicyPrompt Of(Problem problem) => new(
        problem.ToPrompt(), [new ChatMessage("user", problem.Question)], Tiles(problem), problem.IsCorrect);

    private static Func<int, int, TiledImage>? Tiles(Problem problem) => problem switch
    {
        { Frames: { } frames } => (_, side) => VideoComposition.Tile(frames, side, CancellationToken.None),
        { Pictures: [var picture] } =>
            (most, side) => HighDefinitionTiling.Apply(picture, most, side, TilingVariant.Inference, CancellationToken.None),
        _ => null,
    };
}
