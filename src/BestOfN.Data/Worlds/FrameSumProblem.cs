using System.Globalization;
using BestOfN.Data.Sampling;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Worlds;

/// <summary>Every frame shows a number: which two add up to the total? Exactly one pair does.</summary>
internal sealed class FrameSumProblem : VideoProblem
{
    private const int Minimum = 10;
    private const int DigitDot = 3;
    private const int FieldsPerSide = Cell.BoardSide / 2;

    public override ProblemFamily Family => ProblemFamily.FrameSum;

    /// <summary>The number in each frame, in the order of the frames; all different.</summary>
    public required IReadOnlyList<int> Numbers { get; init; }

    /// <summary>Where each number begins, one digit to a cell: the upper left of two by two cells.</summary>
    public required IReadOnlyList<Cell> Cells { get; init; }

    public required int Total { get; init; }

    internal override string Content => $"frame sum {string.Join(' ', Numbers.Order())} = {Total}";

    public static FrameSumProblem Draw(PocketVideoWorldOptions options, SplitMix64 random)
    {
        var (numbers, first, second) = NumberPair.Draw(options.SumFrames, Minimum, options.SumMaximum, random);
        Cell[] cells = [.. numbers.Select(_ => new Cell(2 * random.Below(FieldsPerSide), 2 * random.Below(FieldsPerSide)))];
        return Ask(numbers, cells, first, second, random);
    }

    private protected override IEnumerable<SeenProblem> OtherQuestions(SplitMix64 random) =>
        NumberPair.Unique(Numbers).Where(p => p.First + p.Second != Total).OrderBy(_ => random.Next())
            .Take(1).Select(p => Ask(Numbers, Cells, p.First, p.Second, random));

    private static FrameSumProblem Ask(IReadOnlyList<int> numbers, IReadOnlyList<Cell> cells, int first, int second, SplitMix64 random)
    {
        var total = first + second;
        return new()
        {
            Question = random.Below(3) switch
            {
                0 => $"Which two numbers in the video add up to {total}?",
                1 => $"Find two numbers in the video whose sum is {total}.",
                _ => $"Pick two numbers of the video that make {total}.",
            },
            Solution = NumberPair.Answer(first, second, total),
            Numbers = numbers,
            Cells = cells,
            Total = total,
        };
    }

    internal override string Guess(SplitMix64 random) => NumberPair.Guess(Numbers, Minimum, Total, random);

    // Wrong from the digit that makes a number one which no frame shows, or the sum wrong.
    private protected override int? FlawAt(string answer)
    {
        var plus = answer.IndexOf('+', StringComparison.Ordinal);
        var equals = answer.IndexOf('=', StringComparison.Ordinal);
        if (plus < 1 || !Shows(answer.AsSpan(0, plus), out var first))
        {
            return Math.Max(0, plus < 0 ? Math.Min(2, answer.Length) : plus - 1);
        }

        return equals < plus + 2 || !Shows(answer.AsSpan(plus + 1, equals - plus - 1), out var second)
            || first == second || first + second != Total
            ? Math.Max(plus, (equals < 0 ? answer.Length : equals) - 1)
            : FirstDifference(answer, NumberPair.Answer(first, second, Total));
    }

    private protected override IReadOnlyList<Image> Draw() => [.. Numbers.Zip(Cells, (number, cell) =>
    {
        var canvas = Board();
        var (x, y) = Middle(cell);
        canvas.Draw(Glyph.Digits[number / 10], x - 7, y - 10, DigitDot, Ink.Black);
        canvas.Draw(Glyph.Digits[number % 10], x - 7 + Cell.Pixels, y - 10, DigitDot, Ink.Black);
        return canvas.ToPicture();
    })];

    internal override bool IsPlausible(string answer)
    {
        var plus = answer.IndexOf('+', StringComparison.Ordinal);
        return plus > 0 && IsNumber(answer.AsSpan(0, plus), out var first) && first != Total - first
            && Total - first >= Minimum && answer == NumberPair.Answer(first, Total - first, Total);
    }

    private bool Shows(ReadOnlySpan<char> text, out int number) =>
        IsNumber(text, out number) && Numbers.Contains(number);

    private static bool IsNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && text.Length == 2 && number >= Minimum;
}
