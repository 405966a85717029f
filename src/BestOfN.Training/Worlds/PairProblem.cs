namespace BestOfN.Training.Worlds;

/// <summary>Which two of the numbers add up to the total? Exactly one pair does.</summary>
internal sealed class PairProblem : Problem
{
    public override ProblemFamily Family => ProblemFamily.Pair;

    public required IReadOnlyList<int> Numbers { get; init; }

    public required int Total { get; init; }

    internal override string Content => $"pair {string.Join(' ', Numbers.Order())} = {Total}";

    public static PairProblem Draw(PocketTextWorldOptions options, SplitMix64 random)
    {
        while (true)
        {
            var numbers = new int[options.PairNumbers];
            for (var i = 0; i < numbers.Length;)
            {
                var number = 1 + random.Below(options.PairMaximum);
                if (!numbers.AsSpan(0, i).Contains(number))
                {
                    numbers[i++] = number;
                }
            }

            var (first, second) = Two(numbers.Length, random);
            var total = numbers[first] + numbers[second];
            if (Enumerable.Range(0, numbers.Length).Sum(i => numbers.Skip(i + 1).Count(n => n + numbers[i] == total)) != 1)
            {
                continue;
            }

            var list = string.Join(' ', numbers);
            return new()
            {
                Question = random.Below(3) switch
                {
                    0 => $"Which two of {list} add up to {total}?",
                    1 => $"Find two of {list} whose sum is {total}.",
                    _ => $"Pick two of {list} that make {total}.",
                },
                Solution = Answer(numbers[first], numbers[second], total),
                Numbers = numbers,
                Total = total,
            };
        }
    }

    // Seen where the last digit of a number makes it one that is not in the list, or the sum a wrong one.
    private protected override int? FlawAt(string answer)
    {
        var plus = answer.IndexOf('+', StringComparison.Ordinal);
        var equals = answer.IndexOf('=', StringComparison.Ordinal);
        if (plus < 1 || !Is(answer.AsSpan(0, plus), out var first))
        {
            return Math.Max(0, plus - 1);
        }

        return equals < plus + 2 || !Is(answer.AsSpan(plus + 1, equals - plus - 1), out var second) || first == second || first + second != Total
            ? Math.Max(plus, (equals < 0 ? answer.Length : equals) - 1)
            : answer == Answer(first, second, Total) ? null : answer.Length - 1;
    }

    internal override string Guess(SplitMix64 random)
    {
        var (first, second) = Two(Numbers.Count, random);
        var (a, b) = random.Below(2) == 0 ? (Numbers[first], Numbers[second]) : (Numbers[second], Numbers[first]);
        return Answer(a, random.Below(4) == 0 && Total > a ? Total - a : b, Total);
    }

    private static string Answer(int first, int second, int total) => $"{first}+{second}={total}";

    private static (int First, int Second) Two(int count, SplitMix64 random)
    {
        var first = random.Below(count - 1);
        return (first, first + 1 + random.Below(count - 1 - first));
    }

    private bool Is(ReadOnlySpan<char> text, out int number) => int.TryParse(text, out number) && Numbers.Contains(number) && text.SequenceEqual($"{number}");
}
