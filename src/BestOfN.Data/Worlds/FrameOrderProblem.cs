using BestOfN.Data.Sampling;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>A ball rolled from cell to neighbouring cell, corners included, but the frames are shuffled: what came first, up to a known
/// end? Every way that fits is right.</summary>
internal sealed class FrameOrderProblem : VideoProblem
{
    private const int BallDiameter = 16;

    public override ProblemFamily Family => ProblemFamily.FrameOrder;

    /// <summary>Where the ball is in each frame, as shown; all different.</summary>
    public required IReadOnlyList<Cell> Cells { get; init; }

    /// <summary>Where the ball came to rest.</summary>
    public required Cell End { get; init; }

    public required NamedColour Colour { get; init; }

    internal override string Content => $"frame order {string.Join(' ', Cells.Select(c => $"{c}").Order(StringComparer.Ordinal))} to {End}";

    public static FrameOrderProblem Draw(PocketVideoWorldOptions options, SplitMix64 random)
    {
        var way = DrawWay(() => Cell.Number(random.Below(Cell.Count)), beside => Any(beside, random), options.OrderFrames);
        var shown = way.ToArray();
        random.Shuffle<Cell>(shown);
        var end = way[^1];
        return new()
        {
            Question = random.Below(3) switch
            {
                0 => $"The frames are shuffled. How did the ball roll to {end}?",
                1 => $"Which way did the ball roll to {end}? The frames are shuffled.",
                _ => $"Put the shuffled frames in order: the ball ended in {end}.",
            },
            Solution = string.Concat(way),
            Cells = shown,
            End = end,
            Colour = NamedColour.All[random.Below(NamedColour.All.Count)],
        };
    }

    internal override string Guess(SplitMix64 random)
    {
        // Half of the guesses agree with the question: a way of neighbours, here and there by a cell that is not shown.
        if (random.Below(2) == 0)
        {
            return string.Concat(DrawWay(
                () => End, beside => Array.FindAll(beside, c => Cells.Contains(c)) is { Length: > 0 } shown && random.Below(4) > 0
                    ? Any(shown, random) : Any(beside, random), Cells.Count).Reverse());
        }

        // The others hold what is shown, either from a random start on as far as it goes, or in the order shown.
        var left = Cells.Where(c => c != End).ToList();
        var guess = new List<Cell>();
        var stepwise = random.Below(4) > 0;
        while (left.Count > 0)
        {
            var next = left.Where(c => guess.Count == 0 || c.IsBeside(guess[^1])).ToArray() is { Length: > 0 } beside && stepwise
                ? Any(beside, random)
                : Any([.. left], random);
            guess.Add(next);
            left.Remove(next);
        }

        return string.Concat(guess.Append(End));
    }

    internal override bool IsPlausible(string answer)
    {
        var byName = Enumerable.Range(0, Cell.Count).Select(Cell.Number).ToDictionary(c => $"{c}");
        var cells = answer.Chunk(2).Select(c => new string(c)).ToArray();
        return cells.Length == Cells.Count && cells.All(byName.ContainsKey)
            && cells.Distinct().Count() == cells.Length && cells[^1] == $"{End}"
            && cells.Zip(cells.Skip(1)).All(step => byName[step.First].IsBeside(byName[step.Second]));
    }

    // Seen at the first cell that the ball was never in, was in before, or cannot have rolled to.
    private protected override int? FlawAt(string answer)
    {
        var left = Cells.ToList();
        Cell? last = null;
        for (var i = 0; i < answer.Length; i += 2)
        {
            var possible = left.Where(c => (last?.IsBeside(c) ?? true) && (c == End) == (left.Count == 1)).Select(c => $"{c}").ToList();
            if (!possible.Exists(c => c[0] == answer[i]))
            {
                return i;
            }

            if (i + 1 == answer.Length || !possible.Exists(c => answer.AsSpan(i).StartsWith(c)))
            {
                return i + 1;
            }

            last = left.First(c => answer.AsSpan(i).StartsWith($"{c}"));
            left.Remove(last.Value);
        }

        return left.Count == 0 ? null : answer.Length;
    }

    private protected override IEnumerable<SeenProblem> OtherQuestions(SplitMix64 random) => [];

    private protected override IReadOnlyList<Image> Draw() => [.. Cells.Select(cell =>
    {
        var canvas = Board();
        var (x, y) = Middle(cell);
        canvas.Disc(x - (BallDiameter / 2), y - (BallDiameter / 2), BallDiameter, Colour.Ink);
        return canvas.ToPicture();
    })];

    /// <summary>A walk that enters no cell twice; from the start again where it cannot go on.</summary>
    private static Cell[] DrawWay(Func<Cell> start, Func<Cell[], Cell> choose, int length)
    {
        while (true)
        {
            var way = new List<Cell> { start() };
            while (way.Count < length && way[^1].Beside().Where(c => !way.Contains(c)).ToArray() is { Length: > 0 } next)
            {
                way.Add(choose(next));
            }

            if (way.Count == length)
            {
                return [.. way];
            }
        }
    }

    private static Cell Any(Cell[] cells, SplitMix64 random) => cells[random.Below(cells.Length)];
}
