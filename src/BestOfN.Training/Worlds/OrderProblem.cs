using System.Collections.Concurrent;

namespace BestOfN.Training.Worlds;

/// <summary>Which order satisfies the constraints? Exactly one does, and no constraint can be spared.</summary>
internal sealed class OrderProblem : Problem
{
    private static readonly ConcurrentDictionary<int, char[][]> AllLines = new();

    public override ProblemFamily Family => ProblemFamily.Order;

    /// <summary>How many items; they are called A, B, C, ….</summary>
    public required int Items { get; init; }

    public required IReadOnlyList<OrderConstraint> Constraints { get; init; }

    internal override string Content =>
        $"order {Items}: {string.Join(", ", Constraints.Select(c => c.ToString()).Order(StringComparer.Ordinal))}";

    public static OrderProblem Draw(PocketTextWorldOptions options, SplitMix64 random)
    {
        var names = Names(options.OrderItems);
        var line = names.ToArray();
        random.Shuffle<char>(line);
        var constraints = DrawConstraints(line, random);

        var list = string.Join(", ", names.ToCharArray());
        var known = string.Join(", ", constraints);
        return new()
        {
            Question = random.Below(3) switch
            {
                0 => $"Line up {list}: {known}.",
                1 => $"Put {list} in a row with {known}.",
                _ => $"In what order are {list} if {known}?",
            },
            Solution = string.Join(' ', line),
            Items = options.OrderItems,
            Constraints = constraints,
        };
    }

    private protected override bool Accepts(string answer)
    {
        if (answer.Length != 2 * Items - 1)
        {
            return false;
        }

        Span<char> line = stackalloc char[Items];
        for (var i = 0; i < Items; i++)
        {
            line[i] = answer[2 * i];
            if (i > 0 && answer[2 * i - 1] != ' ')
            {
                return false;
            }
        }

        foreach (var name in Names(Items))
        {
            if (!line.Contains(name))
            {
                return false;
            }
        }

        return AllHold(Constraints, line);
    }

    /// <summary>Constraints of random kinds until one line is left, then without those that say nothing new.</summary>
    private static List<OrderConstraint> DrawConstraints(char[] line, SplitMix64 random)
    {
        var all = AllLines.GetOrAdd(line.Length, static n => [.. Permutations(Names(n))]);
        var constraints = new List<OrderConstraint>();
        var left = all;
        while (left.Length > 1)
        {
            var constraint = DrawTrue(line, random);
            var remaining = left.Where(l => constraint.Holds(l)).ToArray();
            if (remaining.Length < left.Length)
            {
                constraints.Add(constraint);
                left = remaining;
            }
        }

        // An early constraint may be implied by later ones.
        for (var i = constraints.Count - 1; i >= 0; i--)
        {
            var others = constraints.Where((_, j) => j != i).ToList();
            if (all.Count(l => AllHold(others, l)) == 1)
            {
                constraints = others;
            }
        }

        var shuffled = constraints.ToArray();
        random.Shuffle<OrderConstraint>(shuffled);
        return [.. shuffled];
    }

    private static OrderConstraint DrawTrue(char[] line, SplitMix64 random)
    {
        switch (random.Below(6))
        {
            case 0:
                return random.Below(2) == 0 ? new OrderConstraint.First(line[0]) : new OrderConstraint.Last(line[^1]);
            case 1 or 2:
                var previous = random.Below(line.Length - 1);
                return new OrderConstraint.RightAfter(line[previous + 1], line[previous]);
            default:
                var item = random.Below(line.Length - 1);
                return new OrderConstraint.Before(line[item], line[item + 1 + random.Below(line.Length - 1 - item)]);
        }
    }

    private static bool AllHold(IReadOnlyList<OrderConstraint> constraints, ReadOnlySpan<char> line)
    {
        foreach (var constraint in constraints)
        {
            if (!constraint.Holds(line))
            {
                return false;
            }
        }

        return true;
    }

    private static string Names(int items) => "ABCDEFG"[..items];

    private static IEnumerable<char[]> Permutations(string names) => names.Length == 1
        ? [[names[0]]]
        : names.SelectMany((name, i) => Permutations(names.Remove(i, 1)).Select(rest => (char[])[name, .. rest]));
}
