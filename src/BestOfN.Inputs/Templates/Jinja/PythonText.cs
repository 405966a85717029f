using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Values as Python's <c>str</c> and <c>repr</c> write them.</summary>
internal static class PythonText
{
    /// <summary><c>str(value)</c>: a text as it is, all within a list or a dictionary as <c>repr</c> writes it.</summary>
    public static string Of(object? value, JinjaBudget budget)
    {
        if (value is string text)
        {
            return text;
        }

        var written = new StringBuilder();
        Write(value, written, budget, quote: false);
        return budget.Text(written.ToString());
    }

    public static string OfFloat(double number, JinjaBudget budget)
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

    private static void Write(object? value, StringBuilder to, JinjaBudget budget, bool quote)
    {
        budget.Spend();
        switch (value)
        {
            case null: to.Append("None"); break;
            case JinjaUndefined: to.Append(quote ? "Undefined" : ""); break;
            case bool flag: to.Append(flag ? "True" : "False"); break;
            case long number: to.Append(CultureInfo.InvariantCulture, $"{number}"); break;
            case double number: to.Append(OfFloat(number, budget)); break;
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
            default: to.Append(CultureInfo.InvariantCulture, $"<{JinjaValue.TypeOf(value)}>"); break;
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
}
