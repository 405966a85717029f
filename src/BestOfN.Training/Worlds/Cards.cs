namespace BestOfN.Training.Worlds;

/// <summary>Four cards of different colours, two by two, each with a number of its own kind.</summary>
/// <param name="Colours">From left to right, from top to bottom.</param>
/// <param name="Numbers">One for each card.</param>
/// <param name="Asked">Index of the card that is asked about.</param>
internal sealed record Cards(IReadOnlyList<NamedColour> Colours, IReadOnlyList<int> Numbers, int Asked)
{
    private const int Count = 4;
    private const int CardSide = ImageProblem.Side / 2;
    private const int Margin = 2;

    public NamedColour AskedColour => Colours[Asked];

    public int AskedNumber => Numbers[Asked];

    public static Cards Draw(int minimum, int maximum, SplitMix64 random) => new(
        NamedColour.Draw(Count, random),
        [.. Enumerable.Range(0, Count).Select(_ => minimum + random.Below(maximum - minimum + 1))],
        random.Below(Count));

    /// <summary>Fills the cards and lets <paramref name="print"/> draw a card's number, given its left and top edge.</summary>
    public Canvas Draw(Action<Canvas, int, int, int> print)
    {
        var canvas = new Canvas(ImageProblem.Side, ImageProblem.Side);
        for (var card = 0; card < Count; card++)
        {
            var (left, top) = (card % 2 * CardSide, card / 2 * CardSide);
            canvas.Fill(left + Margin, top + Margin, CardSide - (2 * Margin), CardSide - (2 * Margin), Colours[card].Ink);
            print(canvas, Numbers[card], left, top);
        }

        return canvas;
    }

    public override string ToString() => $"{string.Join(", ", Colours.Zip(Numbers, (c, n) => $"{c.Name} {n}"))}: {AskedColour.Name}";
}
