using BestOfN.Data.Sampling;

namespace BestOfN.Data.Worlds;

/// <summary>Which order satisfies the conditions? Any that does is right.</summary>
internal sealed class OrderProblem : Problem
{
    public override ProblemFamily Family => ProblemFamily.Order;

    /// <summary>The items, each once, in alphabetical order.</summary>
    public required string Items { get; init; }

    /// <summary>Which item comes before which.</summary>
    public required IReadOnlyList<(char Earlier, char Later)> Conditions { get; init; }

    internal override string Content =>
        $"order {Items}: {string.Join(' ', Conditions.Select(c => $"{c.Earlier}<{c.Later}").Order(StringComparer.Ordinal))}";

    public static OrderProblem Draw(PocketTextWorldOptions options, SplitMix64 random)
    {
        var items = "ABCDEFGH"[..options.OrderItems];
        var line = items.ToCharArray();
        random.Shuffle<char>(line);
        var conditions = new (char Earlier, char Later)[options.OrderConditions];
        for (var i = 0; i < conditions.Length;)
        {
            var first = random.Below(line.Length - 1);
            var condition = (line[first], line[first + 1 + random.Below(line.Length - 1 - first)]);
            if (!conditions.AsSpan(0, i).Contains(condition))
            {
                conditions[i++] = condition;
            }
        }

        var known = string.Join(' ', conditions.Select(c => $"{c.Earlier}{c.Later}"));
        return new()
        {
            Question = random.Below(3) switch
            {
                0 => $"Line up {items}, first before second in {known}.",
                1 => $"Put {items} in a row that keeps the order of {known}.",
                _ => $"Order {items} so that the pairs {known} stay in order.",
            },
            Solution = new string(line),
            Items = items,
            Conditions = conditions,
        };
    }

    // Wrong from the first item that stands before an item which had to come earlier.
    private protected override int? FlawAt(string answer)
    {
        for (var i = 0; i < answer.Length; i++)
        {
            if (!Items.Contains(answer[i], StringComparison.Ordinal) || answer.IndexOf(answer[i]) < i
                || Conditions.Any(c => c.Later == answer[i] && !answer.AsSpan(0, i).Contains(c.Earlier)))
            {
                return i;
            }
        }

        return answer.Length == Items.Length ? null : answer.Length;
    }

    internal override string Guess(SplitMix64 random)
    {
        var line = (random.Below(2) == 0 ? Items : Solution).ToCharArray();
        if (random.Below(2) == 0)
        {
            random.Shuffle<char>(line);
        }
        else
        {
            var (a, b) = (random.Below(line.Length), random.Below(line.Length));
            (line[a], line[b]) = (line[b], line[a]);
        }

        return new string(line);
    }
}
