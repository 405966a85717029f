using System.Globalization;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>The filters: names that may stand after <c>|</c>.</summary>
internal static class JinjaFilters
{
    // Parameters of each filter. The filters map, select and the like pass their arguments on to a filter or test that checks them.
    private static readonly Dictionary<string, string[]> s_arguments = new()
    {
        ["trim"] = ["chars"],
        ["default"] = ["default_value", "boolean"],
        ["d"] = ["default_value", "boolean"],
        ["join"] = ["d", "attribute"],
        ["replace"] = ["old", "new", "count"],
        ["tojson"] = ["ensure_ascii", "indent", "separators", "sort_keys"],
        ["indent"] = ["width", "first", "blank"],
        ["dictsort"] = ["case_sensitive", "by", "reverse"],
        ["sort"] = ["reverse", "case_sensitive", "attribute"],
        ["unique"] = ["case_sensitive", "attribute"],
        ["min"] = ["case_sensitive", "attribute"],
        ["max"] = ["case_sensitive", "attribute"],
        ["sum"] = ["attribute", "start"],
        ["int"] = ["default", "base"],
        ["float"] = ["default"],
        ["round"] = ["precision", "method"],
        ["upper"] = [], ["lower"] = [], ["title"] = [], ["capitalize"] = [], ["string"] = [],
        ["safe"] = [], ["length"] = [], ["count"] = [], ["list"] = [], ["first"] = [],
        ["last"] = [], ["items"] = [], ["reverse"] = [], ["abs"] = [], ["wordcount"] = [], ["escape"] = [], ["e"] = [],
    };

    public static object? Apply(string name, object? value, JinjaArguments a, JinjaBudget budget)
    {
        budget.Spend();
        if (s_arguments.TryGetValue(name, out var arguments))
        {
            a.Expect($"filter '{name}'", arguments);
        }

        string Text() => PythonText.Of(value, budget);
        IReadOnlyList<object?> Items() => JinjaValue.Items(value, budget);
        switch (name)
        {
            case "trim": return JinjaText.Strip(budget.Text(Text()), a.Text(0, "chars", null), budget);
            case "upper": return budget.Text(JinjaCase.Upper(budget.Text(Text())));
            case "lower": return budget.Text(JinjaCase.Lower(budget.Text(Text())));
            case "title": return budget.Text(JinjaCase.TitleWords(budget.Text(Text())));
            case "capitalize": return budget.Text(JinjaCase.Capitalize(budget.Text(Text())));
            case "string" or "safe": return Text();
            case "length" or "count": return JinjaValue.Length(value, budget);
            case "list": return Items().ToList();
            case "first": return Items() is [var first, ..] ? first : new JinjaUndefined("there is no first item");
            case "last": return Items() is [.., var last] ? last : new JinjaUndefined("there is no last item");
            case "default" or "d": return value is JinjaUndefined || (a.Flag(1, "boolean") && !JinjaValue.IsTrue(value))
                ? a.Get(0, "default_value", "") : value;
            case "join":
                return JinjaMethods.Join(PythonText.Of(a.Get(0, "d", ""), budget),
                    a.Get(1, "attribute", null) is { } by ? Attributes(Items(), by, budget) : Items(), budget);
            case "replace":
                return JinjaText.Replace(
                    budget.Text(Text()), PythonText.Of(a.Need(0, "old"), budget), PythonText.Of(a.Need(1, "new"), budget),
                    a.Get(2, "count", null) is null ? -1 : a.Integer(2, "count", -1), budget);
            case "tojson":
                return JinjaJson.Write(value, budget, a);
            case "indent": return IndentLines(Text(), a, budget);
            case "items":
                return value switch
                {
                    JinjaDictionary => JinjaMethods.Find(value, "items", budget)!(JinjaArguments.None),
                    JinjaUndefined => new List<object?>(),
                    _ => throw new JinjaException($"{JinjaValue.TypeOf(value)} has no items"),
                };
            case "dictsort":
                return value is JinjaDictionary
                    ? Sorted((List<object?>)JinjaMethods.Find(value, "items", budget)!(JinjaArguments.None)!,
                        pair => Folded(
                            ((object?[])pair!)[a.Text(1, "by", "key") switch { "key" => 0, "value" => 1,
                                var by => throw new JinjaException($"dictsort sorts by key or value, not '{by}'") }],
                                    a.Flag(0, "case_sensitive"), budget), a.Flag(2, "reverse"), budget)
                    : throw new JinjaException($"{JinjaValue.TypeOf(value)} is not a mapping");
            case "sort": return Sorted(Items(), Key(a, 1, 2, budget), a.Flag(0, "reverse"), budget);
            case "unique":
                var (unique, folded, keyOf) = (new List<object?>(), new List<object?>(), Key(a, 0, 1, budget));
                foreach (var item in Items())
                {
                    var same = keyOf(item);
                    if (!folded.Exists(f => JinjaValue.AreEqual(f, same, budget)))
                    {
                        unique.Add(item);
                        folded.Add(same);
                    }
                }

                return unique;
            case "reverse":
                return value is string ? string.Concat(Items().Reverse()) : Items().Reverse().ToList();
            case "min": return Sorted(Items(), Key(a, 0, 1, budget), false, budget) is [var least, ..] ? least :
                new JinjaUndefined("there is no least item");
            case "max": return Sorted(Items(), Key(a, 0, 1, budget), true, budget) is [var most, ..] ? most :
                new JinjaUndefined("there is no greatest item");
            case "sum":
                return (a.Get(0, "attribute", null) is { } of ? Attributes(Items(), of, budget) : Items())
                    .Aggregate(a.Get(1, "start", 0L), (sum, i) => JinjaOperators.Binary("+", sum, i, budget));
            case "map":
                if (a.Named.TryGetValue("attribute", out var mapped))
                {
                    new JinjaArguments([], a.Named).Expect("filter 'map'", ["attribute", "default"]);
                    new JinjaArguments(a.Positional, JinjaArguments.None.Named).Expect("filter 'map' with an attribute", []);
                    var found = Attributes(Items(), mapped, budget);
                    return a.Named.TryGetValue("default", out var otherwise)
                        ? found.ConvertAll(f => f is JinjaUndefined ? otherwise : f) : found;
                }

                var (items, rest) = (Items(), a.After(1));
                return items.Select(i => Apply(NameIn(a, "map"), i, rest, budget)).ToList();
            case "select": return Selected(Items(), a, 0, true, budget);
            case "reject": return Selected(Items(), a, 0, false, budget);
            case "selectattr": return Selected(Items(), a, 1, true, budget);
            case "rejectattr": return Selected(Items(), a, 1, false, budget);
            case "int" when a.Integer(1, "base", 10) != 10: throw new JinjaException("int with a base other than 10 is not supported");
            case "int": return ToInteger(value is string digits ? budget.Text(digits) : value, a.Get(0, "default", 0L));
            case "float":
                return value is string number
                    ? double.TryParse(budget.Text(number), CultureInfo.InvariantCulture, out var parsed) ? parsed : a.Get(0, "default", 0.0)
                    : value is long or double or bool ? JinjaValue.Number(value) : a.Get(0, "default", 0.0);
            case "abs": return value is long whole ? whole == long.MinValue ? throw new JinjaException("a number is too large") :
                (object)Math.Abs(whole) : Math.Abs(JinjaValue.Number(value));
            case "round":
                return Round(
                    JinjaValue.Number(value),
                        (int)(a.Integer(0, "precision", 0) is >= 0 and <= 15 and var places ? places
                            : throw new JinjaException("round takes a precision of 0 to 15")), a.Text(1, "method", "common"));
            case "wordcount": return (long)JinjaText.Split(Text(), null, -1, budget).Count;
            case "escape" or "e":
                return budget.Text(
                    budget.Text(Text()).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
                    .Replace(">", "&gt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal)
                    .Replace("\"", "&#34;", StringComparison.Ordinal));
            default: throw new JinjaException($"there is no filter '{name}'");
        }
    }

    private static List<object?> Selected(IReadOnlyList<object?> items, JinjaArguments a, int attributes, bool wanted, JinjaBudget budget)
    {
        var path = attributes > 0 ? Path(a.Need(0, "attribute"), budget) : [];
        var test = a.After(attributes);
        var rest = test.After(1);
        return [.. items.Where(item =>
        {
            var value = Attribute(item, path, budget);
            return wanted == (test.Positional.Count == 0 ? JinjaValue.IsTrue(value)
                : JinjaTests.Apply(NameIn(test, "select"), value, rest, budget));
        })];
    }

    private static string NameIn(JinjaArguments a, string filter) =>
        a.Positional.Count > 0 && a.Positional[0] is string name ? name
            : throw new JinjaException($"{filter} needs the name of a filter or test");

    /// <summary>The parts of a path such as <c>function.name</c>, or an index.</summary>
    private static object?[] Path(object? path, JinjaBudget budget)
    {
        if (path is not string text)
        {
            return [path];
        }

        budget.Spend(text.Length);
        return text.Contains(',', StringComparison.Ordinal)
            ? throw new JinjaException($"several attributes at once ('{text}') are not supported") : text.Split('.');
    }

    private static List<object?> Attributes(IReadOnlyList<object?> items, object? path, JinjaBudget budget)
    {
        var parts = Path(path, budget);
        return [.. items.Select(i => Attribute(i, parts, budget))];
    }

    private static object? Attribute(object? item, object?[] path, JinjaBudget budget)
    {
        budget.Spend();
        foreach (var part in path)
        {
            budget.Characters(part is string hashed ? hashed.Length : 0);
            item = (item, part) switch
            {
                (JinjaDictionary dictionary, string name) => dictionary.TryGetValue(name, out var value) ? value
                    : new JinjaUndefined($"there is no '{name}'"),
                (IReadOnlyList<object?> list, string name) when int.TryParse(name, CultureInfo.InvariantCulture, out var index)
                    && index >= 0 && index < list.Count => list[index],
                (IReadOnlyList<object?> list, long index) when index >= 0 && index < list.Count => list[(int)index],
                (JinjaNamespace space, string name) when space.Attributes.TryGetValue(name, out var value) => value,
                _ => new JinjaUndefined($"there is no '{part}'"),
            };
        }

        return item;
    }

    /// <summary>The sort key of items; the numbers are the positions of the arguments that choose it.</summary>
    private static Func<object?, object?> Key(JinjaArguments a, int caseSensitive, int attribute, JinjaBudget budget)
    {
        var path = a.Get(attribute, "attribute", null) is { } key ? Path(key, budget) : [];
        return item => Folded(Attribute(item, path, budget), a.Flag(caseSensitive, "case_sensitive"), budget);
    }

    private static object? Folded(object? value, bool caseSensitive, JinjaBudget budget) =>
        value is string text && !caseSensitive ? JinjaCase.Lower(budget.Text(text)) : value;

    private static List<object?> Sorted(IReadOnlyList<object?> items, Func<object?, object?> key, bool reverse, JinjaBudget budget)
    {
        var order = Comparer<object?>.Create((x, y) => JinjaValue.Compare(x, y, budget));
        return [.. reverse ? items.OrderByDescending(key, order) : items.OrderBy(key, order)]; // both are stable, as in Python
    }

    private static string? Indent(object? value) => value switch
    {
        long width => new string(' ', (int)Math.Clamp(width, 0, 64)),
        string text when text.Length <= 64 => text,
        _ => null,
    };

    private static string IndentLines(string text, JinjaArguments a, JinjaBudget budget)
    {
        var indent = Indent(a.Get(0, "width", 4L)) ?? throw new JinjaException("argument 'width' must be a number or a short string");
        var lines = JinjaText.Lines(budget.Text(text) + "\n", budget);
        budget.Characters(text.Length + lines.Count * (long)indent.Length);
        var indented = lines.Select((line, i) => i > 0 && (a.Flag(2, "blank") || (string)line! != "") ? indent + line : (string)line!);
        return (a.Flag(1, "first") ? indent : "") + string.Join('\n', indented);
    }

    private static object? ToInteger(object? value, object? otherwise) => value switch
    {
        long => value,
        bool flag => flag ? 1L : 0L,
        double number when Math.Abs(number) < 9e18 => (long)number,
        string text when long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var whole) => whole,
        string text when double.TryParse(text, CultureInfo.InvariantCulture, out var number) && Math.Abs(number) < 9e18 => (long)number,
        _ => otherwise,
    };

    private static double Round(double number, int precision, string? method)
    {
        var scale = Math.Pow(10, precision);
        return method switch
        {
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            "common" => Math.Round(number, precision, MidpointRounding.ToEven),
            _ => throw new JinjaException($"round takes common, ceil or floor, not '{method}'"),
        };
    }
}
