namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Arithmetic, membership and slicing as in Python.</summary>
internal static class JinjaOperators
{
    public static object? Binary(string op, object? left, object? right, JinjaBudget budget)
    {
        switch (op, left, right)
        {
            case ("~", _, _):
                return Concatenate(PythonText.Of(left, budget), PythonText.Of(right, budget), budget);
            case ("+", string a, string b):
                return Concatenate(a, b, budget);
            case ("+", List<object?> a, List<object?> b):
                budget.Spend(a.Count + b.Count);
                return (List<object?>)[.. a, .. b];
            case ("+", object?[] a, object?[] b):
                budget.Spend(a.Length + b.Length);
                return (object?[])[.. a, .. b];
            case ("*", string text, long count):
                return Repeat(text, count, budget);
            case ("*", long count, string text):
                return Repeat(text, count, budget);
            case ("*", List<object?> list, long count):
                count = Math.Clamp(count, 0, int.MaxValue);
                budget.Spend(list.Count * count);
                return list.Count == 0 ? list : Enumerable.Repeat(list, (int)count).SelectMany(l => l).ToList();
            case (_, long or bool, long or bool) when op is not "/":
                return Integer(op, Whole(left), Whole(right));
            case (_, long or double or bool, long or double or bool):
                return Float(op, JinjaValue.Number(left), JinjaValue.Number(right));
            default:
                throw new JinjaException($"'{op}' does not apply to {JinjaValue.TypeOf(left)} and {JinjaValue.TypeOf(right)}");
        }
    }

    public static bool Contains(object? container, object? value, JinjaBudget budget)
    {
        switch (container)
        {
            case string text:
                if (value is not string part)
                {
                    throw new JinjaException($"{JinjaValue.TypeOf(value)} can not be searched for in a string");
                }

                budget.Search(text, part);
                return text.Contains(part, StringComparison.Ordinal);
            case JinjaDictionary dictionary:
                return dictionary.ContainsKey(JinjaValue.Key(value, budget));
            default:
                return JinjaValue.Items(container, budget).Any(i => JinjaValue.AreEqual(i, value, budget));
        }
    }

    public static object? Slice(object? of, object? start, object? stop, object? step, JinjaBudget budget)
    {
        if (of is JinjaUndefined undefined)
        {
            throw new JinjaException(undefined.What);
        }

        IReadOnlyList<object?> items = of is string text ? JinjaValue.Characters(text, budget)
            : of as IReadOnlyList<object?> ?? throw new JinjaException($"{JinjaValue.TypeOf(of)} can not be sliced");
        budget.Spend(items.Count);
        var by = step is null ? 1 : Whole(step);
        if (by == 0)
        {
            throw new JinjaException("the step of a slice is zero");
        }

        long count = items.Count;
        var (low, high) = by > 0 ? (0L, count) : (-1L, count - 1);
        var from = Bound(start, by > 0 ? low : high);
        var to = Bound(stop, by > 0 ? high : low);
        var taken = new List<object?>();
        for (var i = from; by > 0 ? i < to : i > to; i += Math.Clamp(by, -count - 1, count + 1))
        {
            taken.Add(items[(int)i]);
        }

        return of switch
        {
            string => string.Concat(taken),
            object?[] => taken.ToArray(),
            _ => taken,
        };

        long Bound(object? value, long otherwise) => value is null ? otherwise
            : Whole(value) is var at && at < 0 ? Math.Clamp(at + count, low, high) : Math.Clamp(at, low, high);
    }

    /// <returns>Null where the text has no such character.</returns>
    public static string? CharacterAt(string text, long index, JinjaBudget budget)
    {
        index += index < 0 ? JinjaValue.Length(text, budget) : 0;
        if (index < 0 || index >= text.Length)
        {
            return null;
        }

        budget.Characters(index);
        var at = 0;
        for (; index > 0 && at < text.Length; index--)
        {
            at += Size(at);
        }

        return at < text.Length ? text.Substring(at, Size(at)) : null;

        int Size(int i) => char.IsSurrogatePair(text, i) ? 2 : 1;
    }

    public static long Whole(object? value) => value switch
    {
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => throw new JinjaException($"{JinjaValue.TypeOf(value)} is not an integer"),
    };

    private static string Concatenate(string a, string b, JinjaBudget budget)
    {
        budget.Characters((long)a.Length + b.Length);
        return a + b;
    }

    private static string Repeat(string text, long count, JinjaBudget budget)
    {
        count = Math.Clamp(count, 0, int.MaxValue);
        budget.Characters(text.Length * count);
        return text.Length == 0 ? "" : string.Concat(Enumerable.Repeat(text, (int)count));
    }

    private static object Integer(string op, long a, long b)
    {
        try
        {
            return op switch
            {
                "+" => checked(a + b),
                "-" => checked(a - b),
                "*" => checked(a * b),
                "//" when b != 0 => FloorDivide(a, b),
                "%" when b != 0 => b == -1 ? 0L : a - FloorDivide(a, b) * b,
                "**" when b >= 0 => Power(a, b),
                "**" => (object)Math.Pow(a, b),
                _ => throw new JinjaException("division by zero"),
            };
        }
        catch (OverflowException)
        {
            throw new JinjaException("a number is too large");
        }
    }

    private static double Float(string op, double a, double b) => op switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "**" => Math.Pow(a, b),
        _ when b == 0 => throw new JinjaException("division by zero"),
        "/" => a / b,
        "//" => Math.Floor(a / b),
        _ => a - Math.Floor(a / b) * b,
    };

    private static long FloorDivide(long a, long b) => checked(a / b) - (a % b != 0 && a < 0 != b < 0 ? 1 : 0);

    private static long Power(long a, long b)
    {
        if (a is 0 or 1 or -1)
        {
            return b == 0 || a == 1 || (a == -1 && b % 2 == 0) ? 1 : a;
        }

        var power = 1L;
        for (; b > 0; b--)
        {
            power = checked(power * a);
        }

        return power;
    }
}
