using System.Globalization;
using System.Text;
using System.Text.Json;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Python's <c>json.dumps</c> with <c>ensure_ascii=False</c> unless asked otherwise,
/// which chat templates are given as <c>tojson</c>.</summary>
internal sealed class JinjaJson
{
    private const int WidestIndent = 64;

    private readonly StringBuilder _to = new();
    private readonly JinjaBudget _budget;
    private readonly bool _asciiOnly;
    private readonly bool _sortKeys;
    private readonly string? _indent;
    private readonly string _itemSeparator;
    private readonly string _keySeparator;

    private JinjaJson(JinjaBudget budget, JinjaArguments a)
    {
        _budget = budget;
        _asciiOnly = a.Flag(0, "ensure_ascii");
        _indent = Indent(a.Get(1, "indent", null));
        (_itemSeparator, _keySeparator) = a.Get(2, "separators", null) switch
        {
            null => (_indent is null ? ", " : ",", ": "),
            IReadOnlyList<object?> list when list is [string item, string key] => (item, key),
            _ => throw new JinjaException("argument 'separators' must be two strings"),
        };
        _sortKeys = a.Flag(3, "sort_keys");
    }

    /// <summary>The value that a piece of JSON stands for.</summary>
    public static object? Read(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object =>
            JinjaDictionary.Of(element.EnumerateObject().Select(m => KeyValuePair.Create<object, object?>(m.Name, Read(m.Value)))),
        JsonValueKind.Array => element.EnumerateArray().Select(Read).ToList(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out var integer) ? (object)integer : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <param name="value">What to write.</param>
    /// <param name="budget">Bounds the text.</param>
    /// <param name="arguments">ensure_ascii, indent, separators, sort_keys.</param>
    public static string Write(object? value, JinjaBudget budget, JinjaArguments arguments)
    {
        var json = new JinjaJson(budget, arguments);
        json.Write(value, 0);
        return budget.Text(json._to.ToString());
    }

    private static string? Indent(object? value) => value switch
    {
        null => null,
        bool flag => flag ? " " : "",
        long width when width <= WidestIndent => new string(' ', (int)Math.Max(width, 0)),
        string { Length: <= WidestIndent } text => text,
        _ => throw new JinjaException($"argument 'indent' must be a number up to {WidestIndent} or a short string"),
    };

    private void Write(object? value, int depth)
    {
        _budget.Spend();
        if (_to.Length > JinjaBudget.MaxText)
        {
            _budget.Characters(_to.Length);
        }

        switch (value)
        {
            case string text: Quote(text); break;
            case null or bool or long or double: _to.Append(Plain(value)); break;
            case IReadOnlyList<object?> list:
                WriteItems('[', ']', list, depth, item => Write(item, depth + 1));
                break;
            case JinjaDictionary dictionary:
                var pairs = dictionary.ToList();
                if (_sortKeys)
                {
                    var order = Comparer<object>.Create((x, y) => JinjaValue.Compare(x, y, _budget));
                    pairs = [.. pairs.OrderBy(p => p.Key, order)];
                }

                WriteItems('{', '}', pairs, depth, pair =>
                {
                    Quote(pair.Key as string ?? Plain(pair.Key));
                    _to.Append(_keySeparator);
                    Write(pair.Value, depth + 1);
                });
                break;
            default: throw new JinjaException($"{JinjaValue.TypeOf(value)} can not be written as JSON");
        }
    }

    private string Plain(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => double.IsFinite(number)
            ? PythonText.OfFloat(number, _budget) : double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity",
        _ => throw new JinjaException($"{JinjaValue.TypeOf(value)} can not be written as JSON"),
    };

    private void WriteItems<T>(char open, char close, IReadOnlyList<T> items, int depth, Action<T> write)
    {
        _to.Append(open);
        _budget.Enter();
        for (var i = 0; i < items.Count; i++)
        {
            _budget.Spend();
            _to.Append(i == 0 ? "" : _itemSeparator);
            BreakLine(depth + 1);
            write(items[i]);
        }

        _budget.Leave();
        if (items.Count > 0)
        {
            BreakLine(depth);
        }

        _to.Append(close);
    }

    private void BreakLine(int depth)
    {
        if (_indent is not null)
        {
            _to.Append('\n').Insert(_to.Length, _indent, depth);
        }
    }

    private void Quote(string text)
    {
        _to.Append('"');
        foreach (var c in _budget.Text(text))
        {
            _ = c switch
            {
                '"' => _to.Append("\\\""),
                '\\' => _to.Append("\\\\"),
                '\n' => _to.Append("\\n"),
                '\r' => _to.Append("\\r"),
                '\t' => _to.Append("\\t"),
                '\b' => _to.Append("\\b"),
                '\f' => _to.Append("\\f"),
                < ' ' => _to.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                > '~' when _asciiOnly => _to.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _to.Append(c),
            };
        }

        _to.Append('"');
    }
}
