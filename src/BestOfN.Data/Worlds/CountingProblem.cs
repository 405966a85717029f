using BestOfN.Data.Sampling;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>How many dots are on a card? At half size none can be seen, and a guess is right once in nine.</summary>
internal sealed class CountingProblem : ImageProblem
{
    private const int Maximum = 9;
    private const int PlacesPerSide = 4;
    private const int Patch = 14;
    private const int Dot = 4;
    private const int Edge = 2;

    public override ProblemFamily Family => ProblemFamily.Counting;

    public required Cards Cards { get; init; }

    /// <summary>For each card its places in the order in which dots fill them.</summary>
    public required IReadOnlyList<int[]> Places { get; init; }

    internal override string Content => $"counting {Cards}";

    public static CountingProblem Draw(SplitMix64 random)
    {
        var cards = Cards.Draw(1, Maximum, random);
        var places = cards.Numbers.Select(_ =>
        {
            var all = Enumerable.Range(0, PlacesPerSide * PlacesPerSide).ToArray();
            random.Shuffle<int>(all);
            return all;
        }).ToArray();
        return Ask(cards, places, random);
    }

    private protected override IEnumerable<SeenProblem> OtherQuestions(SplitMix64 random) =>
        Cards.AskingOthers().Select(cards => Ask(cards, Places, random));

    private static CountingProblem Ask(Cards cards, IReadOnlyList<int[]> places, SplitMix64 random)
    {
        var colour = cards.AskedColour.Name;
        return new()
        {
            Question = random.Below(3) switch
            {
                0 => $"How many dots are on the {colour} card?",
                1 => $"Count the dots on the {colour} card.",
                _ => $"How many dots does the {colour} card have?",
            },
            Solution = $"{cards.AskedNumber}",
            Cards = cards,
            Places = places,
        };
    }

    internal override string Guess(SplitMix64 random) => random.Below(3) == 0
        ? $"{Cards.Numbers[random.Below(Cards.Numbers.Count)]}"
        : $"{1 + random.Below(Maximum)}";

    internal override bool IsPlausible(string answer) => answer is [>= '1' and <= '9'];

    private protected override int? FlawAt(string answer) => FirstDifference(answer, Solution);

    private protected override IReadOnlyList<Image> Draw()
    {
        var card = 0;
        return
        [
            Cards.Draw((canvas, number, left, top) =>
            {
                canvas.Fill(left + Edge, top + Edge, Cell.Pixels - (2 * Edge), Cell.Pixels - (2 * Edge), Ink.Panel);
                foreach (var place in Places[card++].AsSpan(0, number))
                {
                    canvas.Fill(left + Offset(place % PlacesPerSide), top + Offset(place / PlacesPerSide), Dot, Dot, Ink.Fine);
                }
            }).ToPicture(),
        ];
    }

    // Two places of each row lie in each patch, none on an edge between patches.
    private static int Offset(int place) => (place / 2 * Patch) + 2 + (place % 2 * 6);
}
