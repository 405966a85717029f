using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>Which two of the numbers add up to the total? Exactly one pair does.</summary>
internal sealed class PairProblem : Problem
{
    private const int Minimum = 1;

    public override ProblemFamily Family => ProblemFamily.Pair;

    public required IReadOnlyList<int> Numbers { get; init; }

    public required int Total { get; init; }

    internal override string Content => $"pair {string.Join(' ', Numbers.Order())} = {Total}";

    public static PairProblem Draw(PocketTextWorldOptions options, SplitMix64 random)
    {
        var (numbers, first, second) = NumberPair.Draw(options.PairNumbers, Minimum, options.PairMaximum, random);
        var total = first + second;
        var list = string.Join(' ', numbers);
        return new()
        {
            Question = random.Below(3) switch
            {
                0 => $"Which two of {list} add up to {total}?",
                1 => $"Find two of {list} whose sum is {total}.",
                _ => $"Pick two of {list} that make {total}.",
            },
            Solution = NumberPair.Answer(first, second, total),
            Numbers = numbers,
            Total = total,
        };
    }

    // Wrong from the digit that makes a number one which is not in the list, or the sum wrong.
    private protected override int? FlawAt(string answer)
    {
        var plus = answer.IndexOf('+', StringComparison.Ordinal);
        var equals = answer.IndexOf('=', StringComparison.Ordinal);
        if (plus < 1 || !Is(answer.AsSpan(0, plus), out var first))
        {
            return Math.Max(0, plus - 1);
        }

        return equals < plus + 2 || !Is(answer.AsSpan(plus + 1, equals - plus - 1), out var second)
            || first == second || first + second != Total
            ? Math.Max(plus, (equals < 0 ? answer.Length : equals) - 1)
            : answer == NumberPair.Answer(first, second, Total) ? null : answer.Length - 1;
    }

    internal override string Guess(SplitMix64 random) => NumberPair.Guess(Numbers, Minimum, Total, random);

    private bool Is(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, out number) && Numbers.Contains(number) && text.SequenceEqual($"{number}");
}
