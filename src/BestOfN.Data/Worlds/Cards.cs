using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>One to four cards of different colours in cells of a board, each with a number of its own kind.</summary>
/// <param name="Colours">One for each card.</param>
/// <param name="Numbers">One for each card.</param>
/// <param name="Cells">Where each card lies; all different.</param>
/// <param name="Asked">Index of the card that is asked about.</param>
internal sealed record Cards(IReadOnlyList<NamedColour> Colours, IReadOnlyList<int> Numbers, IReadOnlyList<Cell> Cells, int Asked)
{
    private const int Maximum = 4;

    public NamedColour AskedColour => Colours[Asked];

    public int AskedNumber => Numbers[Asked];

    public static Cards Draw(int minimum, int maximum, SplitMix64 random)
    {
        var count = 1 + random.Below(Maximum);
        return new(
            NamedColour.Draw(count, random),
            [.. Enumerable.Range(0, count).Select(_ => minimum + random.Below(maximum - minimum + 1))],
            Cell.Draw(count, random),
            random.Below(count));
    }

    /// <summary>The same cards, each of the others asked about.</summary>
    public IEnumerable<Cards> AskingOthers() =>
        Enumerable.Range(0, Cells.Count).Where(card => card != Asked).Select(card => this with { Asked = card });

    /// <summary>Fills the cells and lets <paramref name="print"/> draw a card's number, given its left and top edge.</summary>
    public Canvas Draw(Action<Canvas, int, int, int> print)
    {
        var canvas = new Canvas(ImageProblem.Side, ImageProblem.Side);
        for (var card = 0; card < Cells.Count; card++)
        {
            var (left, top) = (Cells[card].Column * Cell.Pixels, Cells[card].Row * Cell.Pixels);
            canvas.Fill(left, top, Cell.Pixels, Cell.Pixels, Colours[card].Ink);
            print(canvas, Numbers[card], left, top);
        }

        return canvas;
    }

    // Where the cards lie does not matter to a question, but makes another picture: two such problems are the same.
    public override string ToString() => $"{string.Join(", ", Colours.Zip(Numbers, (c, n) => $"{c.Name} {n}"))}: {AskedColour.Name}";
}
