namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Python's view of values: truth, equality, order.</summary>
/// <remarks>
/// A value is null, <see cref="JinjaUndefined"/>, bool, long, double, string, <c>List&lt;object?&gt;</c>, <c>object?[]</c> (a tuple),
/// <see cref="JinjaDictionary"/>, <see cref="JinjaNamespace"/>, <see cref="JinjaLoop"/> or <see cref="JinjaFunction"/>:
/// nothing through which a template could reach the process.
/// </remarks>
internal static class JinjaValue
{
    public static bool IsTrue(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        IReadOnlyList<object?> list => list.Count > 0,
        JinjaDictionary dictionary => dictionary.Count > 0,
        _ => true,
    };

    public static string TypeOf(object? value) => value switch
    {
        null => "none",
        JinjaUndefined undefined => undefined.What,
        bool => "a boolean",
        long => "an integer",
        double => "a float",
        string => "a string",
        List<object?> => "a list",
        object?[] => "a tuple",
        JinjaDictionary => "a mapping",
        JinjaFunction => "a function",
        _ => "an object",
    };

    public static object Key(object? value, JinjaBudget budget)
    {
        switch (value)
        {
            case string text:
                return budget.Text(text); // hashed
            case long or double:
                return value;
            case bool flag:
                return flag ? 1L : 0L;
            default:
                throw new JinjaException($"{TypeOf(value)} can not be a key");
        }
    }

    public static bool AreEqual(object? a, object? b, JinjaBudget budget)
    {
        budget.Spend();
        switch (a, b)
        {
            case (null, null) or (JinjaUndefined, JinjaUndefined):
                return true;
            case (string x, string y):
                return x.Length == y.Length && budget.Text(x) == y;
            case (long or double or bool, long or double or bool):
                return Compare(a, b, budget) == 0;
            case (List<object?> or object?[], List<object?> or object?[]) when a.GetType() == b.GetType():
                var (left, right) = ((IReadOnlyList<object?>)a, (IReadOnlyList<object?>)b);
                return left.Count == right.Count && Nested(budget, () => left.Zip(right).All(p => AreEqual(p.First, p.Second, budget)));
            case (JinjaDictionary x, JinjaDictionary y):
                return x.Count == y.Count
                    && Nested(budget, () => x.All(p => y.TryGetValue(p.Key, out var other) && AreEqual(p.Value, other, budget)));
            default:
                return ReferenceEquals(a, b);
        }
    }

    public static int Compare(object? a, object? b, JinjaBudget budget)
    {
        budget.Spend();
        switch (a, b)
        {
            case (string x, string y):
                budget.Characters(Math.Min(x.Length, y.Length));
                return CompareText(x, y);
            case (long x, long y):
                return x.CompareTo(y);
            case (long or double or bool, long or double or bool):
                return Number(a).CompareTo(Number(b));
            case (List<object?> or object?[], List<object?> or object?[]) when a.GetType() == b.GetType():
                var (left, right) = ((IReadOnlyList<object?>)a, (IReadOnlyList<object?>)b);
                return Nested(budget, () =>
                {
                    var differing = left.Zip(right).FirstOrDefault(p => !AreEqual(p.First, p.Second, budget), (null, null));
                    return differing is (null, null) ? left.Count.CompareTo(right.Count)
                        : Compare(differing.First, differing.Second, budget);
                });
            default:
                throw new JinjaException($"{TypeOf(a)} and {TypeOf(b)} can not be ordered");
        }
    }

    /// <summary>By code points, as in Python; UTF-16 units have another order above the surrogates.</summary>
    public static int CompareText(string x, string y)
    {
        var common = x.AsSpan().CommonPrefixLength(y);
        return common < x.Length && common < y.Length && char.IsSurrogate(x[common]) != char.IsSurrogate(y[common])
            ? char.IsSurrogate(x[common]) ? 1 : -1
            : string.CompareOrdinal(x, y);
    }

    public static double Number(object? value) => value switch
    {
        long number => number,
        double number => number,
        bool flag => flag ? 1 : 0,
        _ => throw new JinjaException($"{TypeOf(value)} is not a number"),
    };

    public static IReadOnlyList<object?> Items(object? value, JinjaBudget budget)
    {
        budget.Spend(value switch
        {
            IReadOnlyList<object?> list => list.Count,
            JinjaDictionary dictionary => dictionary.Count,
            _ => 0,
        });
        return value switch
        {
            IReadOnlyList<object?> list => list,
            JinjaDictionary dictionary => [.. dictionary.Keys],
            string text => Characters(text, budget),
            JinjaUndefined => [],
            _ => throw new JinjaException($"{TypeOf(value)} can not be iterated"),
        };
    }

    /// <summary>Python counts code points, .NET UTF-16 units.</summary>
    public static IReadOnlyList<string> Characters(string text, JinjaBudget budget)
    {
        budget.Spend(text.Length);
        var characters = new List<string>(text.Length);
        for (var i = 0; i < text.Length; i += characters[^1].Length)
        {
            characters.Add(text.Substring(i, char.IsSurrogatePair(text, i) ? 2 : 1));
        }

        return characters;
    }

    public static long Length(object? value, JinjaBudget budget) => value switch
    {
        string text => Length(budget.Text(text)),
        IReadOnlyList<object?> list => list.Count,
        JinjaDictionary dictionary => dictionary.Count,
        JinjaUndefined => 0,
        _ => throw new JinjaException($"{TypeOf(value)} has no length"),
    };

    public static long Length(ReadOnlySpan<char> text)
    {
        long length = text.Length;
        for (var i = 0; i + 1 < text.Length; i++)
        {
            length -= char.IsSurrogatePair(text[i], text[i + 1]) ? 1 : 0;
        }

        return length;
    }

    private static T Nested<T>(JinjaBudget budget, Func<T> compute)
    {
        budget.Enter();
        var result = compute();
        budget.Leave();
        return result;
    }
}
