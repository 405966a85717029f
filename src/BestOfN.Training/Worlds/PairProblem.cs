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

            var first = random.Below(numbers.Length - 1);
            var second = first + 1 + random.Below(numbers.Length - 1 - first);
            var total = numbers[first] + numbers[second];
            if (Pairs(numbers).Count(p => p.First + p.Second == total) != 1)
            {
                continue;
            }

            var list = string.Join(", ", numbers);
            return new()
            {
                Question = random.Below(3) switch
                {
                    0 => $"Which two of {list} add up to {total}?",
                    1 => $"Find two numbers among {list} whose sum is {total}.",
                    _ => $"Pick two of {list} that make {total}.",
                },
                Solution = Answer(numbers[first], numbers[second]),
                Numbers = numbers,
                Total = total,
            };
        }
    }

    private protected override bool Accepts(string answer) =>
        Pairs(Numbers).Any(p => p.First + p.Second == Total
            && (answer == Answer(p.First, p.Second) || answer == Answer(p.Second, p.First)));

    private static string Answer(int first, int second) => $"{first} + {second} = {first + second}";

    private static IEnumerable<(int First, int Second)> Pairs(IReadOnlyList<int> numbers) =>
        from i in Enumerable.Range(0, numbers.Count)
        from j in Enumerable.Range(i + 1, numbers.Count - 1 - i)
        select (numbers[i], numbers[j]);
}
