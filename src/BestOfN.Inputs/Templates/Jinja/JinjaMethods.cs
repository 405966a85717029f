using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Methods of strings, mappings and lists that change nothing.</summary>
internal static class JinjaMethods
{
    /// <returns>Null if the value has no such method.</returns>
    public static JinjaFunction? Find(object? value, string name, JinjaBudget budget) => value switch
    {
        string text => OfText(text, name, budget),
        JinjaDictionary dictionary => OfDictionary(dictionary, name, budget),
        IReadOnlyList<object?> list => OfList(list, name, budget),
        _ => null,
    };

    private static JinjaFunction? OfText(string text, string name, JinjaBudget budget)
    {
        JinjaFunction? method = name switch
        {
            "strip" => a => JinjaText.Strip(text, a.Text(0, "chars", null), budget),
            "lstrip" => a => JinjaText.Strip(text, a.Text(0, "chars", null), budget, right: false),
            "rstrip" => a => JinjaText.Strip(text, a.Text(0, "chars", null), budget, left: false),
            "split" => a => JinjaText.Split(text, a.Text(0, "sep", null), a.Integer(1, "maxsplit", -1), budget),
            "rsplit" => a => JinjaText.SplitFromRight(text, a.Text(0, "sep", null), a.Integer(1, "maxsplit", -1), budget),
            "splitlines" => _ => JinjaText.Lines(text, budget),
            "startswith" => a => Any(a, text.StartsWith, budget),
            "endswith" => a => Any(a, text.EndsWith, budget),
            "upper" => _ => budget.Text(JinjaCase.Upper(text)),
            "lower" => _ => budget.Text(JinjaCase.Lower(text)),
            "title" => _ => budget.Text(JinjaCase.Title(text)),
            "capitalize" => _ => budget.Text(JinjaCase.Capitalize(text)),
            "replace" => a => JinjaText.Replace(text, Needed(a, 0, "old"), Needed(a, 1, "new"), a.Integer(2, "count", -1), budget),
            "removeprefix" => a =>
                Needed(a, 0, "prefix") is var p && text.StartsWith(p, StringComparison.Ordinal) ? text[p.Length..] : text,
            "removesuffix" => a => Needed(a, 0, "suffix") is var s && text.EndsWith(s, StringComparison.Ordinal) ? text[..^s.Length] : text,
            "join" => a => Join(text, a.Need(0, "iterable"), budget),
            "find" => a => Position(text, text.IndexOf(Searched(a), StringComparison.Ordinal)),
            "rfind" => a => Position(text, text.LastIndexOf(Searched(a), StringComparison.Ordinal)),
            "count" => a => Needed(a, 0, "sub") is { Length: > 0 } part ? JinjaText.Split(text, part, -1, budget).Count - 1L
                : JinjaValue.Length(text) + 1,
            "isdecimal" => _ => AllRunes(text, r => Rune.GetUnicodeCategory(r) == UnicodeCategory.DecimalDigitNumber),
            "isdigit" => _ => AllRunes(text, IsDigit),
            "isnumeric" => _ => AllRunes(text, IsNumeric),
            "isalpha" => _ => AllRunes(text, Rune.IsLetter),
            "isalnum" => _ => AllRunes(text, r => Rune.IsLetter(r) || IsDigit(r) || IsNumeric(r)),
            "isspace" => _ => text.Length > 0 && text.All(JinjaLexer.IsSpace),
            "isupper" => _ => JinjaTests.Apply("upper", text, JinjaArguments.None, budget),
            "islower" => _ => JinjaTests.Apply("lower", text, JinjaArguments.None, budget),
            _ => null,
        };

        return method is null ? null : arguments =>
        {
            budget.Characters(text.Length);
            arguments.Expect($"'{name}'", TextArguments(name), byName: name is "split" or "rsplit" or "replace");
            return method(arguments);
        };

        string Searched(JinjaArguments arguments)
        {
            var part = Needed(arguments, 0, "sub");
            budget.Search(text, part);
            return part;
        }
    }

    private static string[] TextArguments(string name) => name switch
    {
        "strip" or "lstrip" or "rstrip" => ["chars"],
        "split" or "rsplit" => ["sep", "maxsplit"],
        "replace" => ["old", "new", "count"],
        "startswith" or "endswith" or "removeprefix" or "removesuffix" => ["prefix"],
        "join" => ["iterable"],
        "find" or "rfind" or "count" => ["sub"],
        _ => [],
    };

    private static bool AllRunes(string text, Func<Rune, bool> matches) => text.Length > 0 && text.EnumerateRunes().All(matches);

    private static bool IsDigit(Rune rune) => CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0;

    // Python knows which ideographs are numbers; the tables here do not.
    private static bool IsNumeric(Rune rune) => Rune.GetNumericValue(rune) != -1
        || (rune.Value is >= 0x3400 and <= 0x9FFF or >= 0xF900 and <= 0xFAFF or >= 0x20000 and <= 0x3FFFF
            ? throw new JinjaException("whether an ideograph is a number is not known") : false);

    private static JinjaFunction? OfDictionary(JinjaDictionary dictionary, string name, JinjaBudget budget)
    {
        return Checked(name, name == "get" ? ["key", "default"] : [], name switch
        {
            "get" => a => dictionary.TryGetValue(JinjaValue.Key(a.Need(0, "key"), budget), out var value) ? value
                : a.Get(1, "default", null),
            "items" => _ => Charged().Select(p => (object?)new[] { p.Key, p.Value }).ToList(),
            "keys" => _ => Charged().Keys.ToList<object?>(),
            "values" => _ => Charged().Values.ToList(),
            "copy" => _ => JinjaDictionary.Of(Charged()),
            "update" or "pop" or "popitem" or "clear" or "setdefault" => _ =>
                throw new JinjaException($"a template may not change a mapping ('{name}')"),
            _ => null,
        });

        JinjaDictionary Charged()
        {
            budget.Spend(dictionary.Count);
            return dictionary;
        }
    }

    private static JinjaFunction? OfList(IReadOnlyList<object?> list, string name, JinjaBudget budget) =>
        Checked(name, ["value"], name switch
    {
        "index" => a => IndexOf(list, a.Need(0, "value"), budget),
        "count" => a => list.LongCount(i => JinjaValue.AreEqual(i, a.Need(0, "value"), budget)),
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "reverse" or "sort" when list is List<object?> =>
            _ => throw new JinjaException($"a template may not change a list ('{name}')"),
        _ => null,
    });

    private static JinjaFunction? Checked(string name, string[] names, JinjaFunction? method) => method is null ? null : arguments =>
    {
        arguments.Expect($"'{name}'", names, byName: false);
        return method(arguments);
    };

    public static string Join(string separator, object? items, JinjaBudget budget)
    {
        var texts = JinjaValue.Items(items, budget).Select(i => PythonText.Of(i, budget)).ToList();
        budget.Characters(texts.Sum(t => (long)t.Length) + separator.Length * (long)Math.Max(0, texts.Count - 1));
        return string.Join(separator, texts);
    }

    private static long IndexOf(IReadOnlyList<object?> list, object? value, JinjaBudget budget)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (JinjaValue.AreEqual(list[i], value, budget))
            {
                return i;
            }
        }

        throw new JinjaException("the list does not hold that value");
    }

    private static string Needed(JinjaArguments arguments, int index, string name)
    {
        arguments.Need(index, name);
        return arguments.Text(index, name, null) ?? throw new JinjaException($"argument '{name}' must be a string");
    }

    private static long Position(string text, int index) => index < 0 ? -1L : JinjaValue.Length(text.AsSpan(0, index));

    private static bool Any(JinjaArguments arguments, Func<string, StringComparison, bool> matches, JinjaBudget budget) =>
        arguments.Need(0, "prefix") switch
    {
        string one => matches(budget.Text(one), StringComparison.Ordinal),
        object?[] several => several.Any(s => s is string one && matches(budget.Text(one), StringComparison.Ordinal)),
        var other => throw new JinjaException($"{JinjaValue.TypeOf(other)} is neither a string nor a tuple of strings"),
    };
}
