using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Python's view of values: truth, equality, order, text.</summary>
/// <remarks>
/// A value is null, <see cref="JinjaUndefined"/>, bool, long, double, string, <c>List&lt;object?&gt;</c>, <c>object?[]</c> (a tuple),
/// <see cref="JinjaDictionary"/>, <see cref="JinjaNamespace"/>, <see cref="JinjaLoop"/> or <see cref="JinjaFunction"/>:
/// nothing through which a template could reach the process.
/// </remarks>
internal static class JinjaValue
{
    public static object? FromJson(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object =>
            JinjaDictionary.Of(element.EnumerateObject().Select(m => KeyValuePair.Create<object, object?>(m.Name, FromJson(m.Value)))),
        JsonValueKind.Array => element.EnumerateArray().Select(FromJson).ToList(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out var integer) ? (object)integer : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

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
                throw new JinjaError($"{TypeOf(value)} can not be a key");
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
                throw new JinjaError($"{TypeOf(a)} and {TypeOf(b)} can not be ordered");
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
        _ => throw new JinjaError($"{TypeOf(value)} is not a number"),
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
            _ => throw new JinjaError($"{TypeOf(value)} can not be iterated"),
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
        _ => throw new JinjaError($"{TypeOf(value)} has no length"),
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

    public static string Text(object? value, JinjaBudget budget)
    {
        if (value is string text)
        {
            return text;
        }

        var written = new StringBuilder();
        Write(value, written, budget, quote: false);
        return budget.Text(written.ToString());
    }

    private static void Write(object? value, StringBuilder to, JinjaBudget budget, bool quote)
    {
        budget.Spend();
        switch (value)
        {
            case null: to.Append("None"); break;
            case JinjaUndefined: to.Append(quote ? "Undefined" : ""); break;
            case bool flag: to.Append(flag ? "True" : "False"); break;
            case long number: to.Append(CultureInfo.InvariantCulture, $"{number}"); break;
            case double number: to.Append(Float(number, budget)); break;
            case string text: Quote(budget.Text(text), to); break;
            case List<object?> list: WriteAll(list, '[', ']', to, budget); break;
            case object?[] tuple: WriteAll(tuple, '(', ')', to, budget); break;
            case JinjaDictionary dictionary:
                to.Append('{');
                budget.Enter();
                var first = true;
                foreach (var (key, item) in dictionary)
                {
                    to.Append(first ? "" : ", ");
                    Write(key, to, budget, quote: true);
                    to.Append(": ");
                    Write(item, to, budget, quote: true);
                    first = false;
                }

                budget.Leave();
                to.Append('}');
                break;
            default: to.Append(CultureInfo.InvariantCulture, $"<{TypeOf(value)}>"); break;
        }

        if (to.Length > JinjaBudget.MaxText)
        {
            budget.Characters(to.Length);
        }
    }

    private static void WriteAll(IReadOnlyList<object?> items, char open, char close, StringBuilder to, JinjaBudget budget)
    {
        to.Append(open);
        budget.Enter();
        for (var i = 0; i < items.Count; i++)
        {
            to.Append(i == 0 ? "" : ", ");
            Write(items[i], to, budget, quote: true);
        }

        budget.Leave();
        to.Append(items.Count == 1 && open == '(' ? "," : "").Append(close);
    }

    private static void Quote(string text, StringBuilder to)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        to.Append(quote);
        foreach (var c in text)
        {
            _ = c switch
            {
                '\n' => to.Append("\\n"),
                '\r' => to.Append("\\r"),
                '\t' => to.Append("\\t"),
                '\\' => to.Append("\\\\"),
                < ' ' or (>= '\x7f' and < '\xa0') or '\xad' => to.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ when c == quote => to.Append('\\').Append(c),
                _ => to.Append(c),
            };
        }

        to.Append(quote);
    }

    public static string Float(double number, JinjaBudget budget)
    {
        budget.Spend(50); // it is written and read back up to 17 times
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }

        // The shortest digits that read back, as .NET and Python both find them; only the place of the exponent differs.
        var parts = Math.Abs(number).ToString("E16", CultureInfo.InvariantCulture);
        for (var precision = 0; precision < 16; precision++)
        {
            var shorter = Math.Abs(number).ToString($"E{precision}", CultureInfo.InvariantCulture);
            if (double.Parse(shorter, CultureInfo.InvariantCulture) == Math.Abs(number))
            {
                parts = shorter;
                break;
            }
        }

        var sign = double.IsNegative(number) ? "-" : "";
        var digits = parts[..parts.IndexOf('E', StringComparison.Ordinal)].Replace(".", "", StringComparison.Ordinal);
        var exponent = int.Parse(
            parts.AsSpan(parts.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return exponent switch
        {
            < -4 or >= 16 =>
                $"{sign}{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}",
            < 0 => $"{sign}0.{new string('0', -exponent - 1)}{digits}",
            _ when digits.Length > exponent + 1 => $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}",
            _ => $"{sign}{digits.PadRight(exponent + 1, '0')}.0",
        };
    }

    private static T Nested<T>(JinjaBudget budget, Func<T> compute)
    {
        budget.Enter();
        var result = compute();
        budget.Leave();
        return result;
    }
}
