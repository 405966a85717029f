using BestOfN.Data.Sampling;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>Which number is on a card? At half size only the first digit can be read; a guess
/// at the second is correct once in ten times.</summary>
internal sealed class ReadingProblem : ImageProblem
{
    // Each digit fills one patch of 14 pixels of the card's upper half.
    private const int Patch = 14;
    private const int DigitDot = 2;
    private const int DigitInset = 2;

    public override ProblemFamily Family => ProblemFamily.Reading;

    public required Cards Cards { get; init; }

    internal override string Content => $"reading {Cards}";

    public static ReadingProblem Draw(SplitMix64 random) => Ask(Cards.Draw(10, 99, random), random);

    private protected override IEnumerable<SeenProblem> OtherQuestions(SplitMix64 random) =>
        Cards.AskingOthers().Select(cards => Ask(cards, random));

    private static ReadingProblem Ask(Cards cards, SplitMix64 random)
    {
        var colour = cards.AskedColour.Name;
        return new()
        {
            Question = random.Below(3) switch
            {
                0 => $"What number is on the {colour} card?",
                1 => $"Read the number on the {colour} card.",
                _ => $"Which number does the {colour} card show?",
            },
            Solution = $"{cards.AskedNumber}",
            Cards = cards,
        };
    }

    internal override string Guess(SplitMix64 random) => random.Below(4) switch
    {
        0 => $"{Cards.Numbers[random.Below(Cards.Numbers.Count)]}",
        1 => $"{10 + random.Below(90)}",
        _ => $"{(Cards.AskedNumber / 10 * 10) + random.Below(10)}",
    };

    internal override bool IsPlausible(string answer) => answer is [>= '1' and <= '9', >= '0' and <= '9'];

    private protected override int? FlawAt(string answer) => FirstDifference(answer, Solution);

    private protected override IReadOnlyList<Image> Draw() =>
    [
        Cards.Draw((canvas, number, left, top) =>
        {
            canvas.Fill(left, top, 2 * Patch, Patch, Ink.Panel);
            canvas.Draw(Glyph.Digits[number / 10], left + DigitInset, top, DigitDot, Ink.Black);
            canvas.Draw(Glyph.Digits[number % 10], left + Patch + DigitInset, top, DigitDot, Ink.Fine);
        }).ToPicture(),
    ];
}
