using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>Draws numbers of which exactly two add up to a total; shared by the problem in text and the one in a video.</summary>
internal static class NumberPair
{
    /// <summary>Different numbers in minimum..maximum, and two of them that alone make their sum.</summary>
    public static (int[] Numbers, int First, int Second) Draw(int count, int minimum, int maximum, SplitMix64 random)
    {
        while (true)
        {
            var numbers = new int[count];
            for (var i = 0; i < numbers.Length;)
            {
                var number = minimum + random.Below(maximum - minimum + 1);
                if (!numbers.AsSpan(0, i).Contains(number))
                {
                    numbers[i++] = number;
                }
            }

            var (first, second) = Two(numbers.Length, random);
            var total = numbers[first] + numbers[second];
            if (Unique(numbers).Any(p => p.First + p.Second == total))
            {
                return (numbers, numbers[first], numbers[second]);
            }
        }
    }

    /// <summary>All pairs of the numbers whose sum no other pair has.</summary>
    public static IEnumerable<(int First, int Second)> Unique(IReadOnlyList<int> numbers) =>
        numbers.SelectMany((first, i) => numbers.Skip(i + 1).Select(second => (first, second)))
            .GroupBy(p => p.first + p.second).Where(g => g.Count() == 1).Select(g => g.First());

    /// <summary>Two of the numbers at random, or one with what it lacks to the total, whether that is among them or not, or two that are
    /// said to make the total and need not be there.</summary>
    public static string Guess(IReadOnlyList<int> numbers, int minimum, int total, SplitMix64 random)
    {
        var (first, second) = Two(numbers.Count, random);
        var (a, b) = random.Below(2) == 0 ? (numbers[first], numbers[second]) : (numbers[second], numbers[first]);
        switch (random.Below(8))
        {
            case 0 or 1 when total - a >= minimum:
                b = total - a;
                break;
            case 2 or 3:
                a = minimum + random.Below(total - (2 * minimum) + 1);
                b = total - a;
                break;
        }

        return Answer(a, b, total);
    }

    public static string Answer(int first, int second, int total) => $"{first}+{second}={total}";

    private static (int First, int Second) Two(int count, SplitMix64 random)
    {
        var first = random.Below(count - 1);
        return (first, first + 1 + random.Below(count - 1 - first));
    }
}
