using System.Buffers;
using System.Text;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Python's string operations where .NET's differ.</summary>
internal static class JinjaText
{
    private static readonly SearchValues<char> s_lineBreaks = SearchValues.Create("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029");

    public static string Strip(string text, string? characters, JinjaBudget budget, bool left = true, bool right = true)
    {
        var set = characters is null ? null : SearchValues.Create(budget.Text(characters));
        Func<char, bool> strips = set is null ? JinjaLexer.IsSpace : set.Contains;
        var (start, end) = (0, text.Length);
        while (left && start < end && strips(text[start]))
        {
            start++;
        }

        while (right && end > start && strips(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    public static List<object?> Split(string text, string? separator, long limit, JinjaBudget budget)
    {
        budget.Search(text, separator ?? "");
        var parts = new List<object?>();
        if (separator is { Length: 0 })
        {
            throw new JinjaException("the separator is empty");
        }

        for (var at = 0; ;)
        {
            budget.Spend();
            if (separator is null)
            {
                while (at < text.Length && JinjaLexer.IsSpace(text[at]))
                {
                    at++;
                }

                if (at == text.Length)
                {
                    return parts;
                }
            }

            var end = separator is not null ? text.IndexOf(separator, at, StringComparison.Ordinal) : NextSpace(text, at);
            if (end < 0 || (limit >= 0 && parts.Count >= limit))
            {
                parts.Add(text[at..]);
                return parts;
            }

            parts.Add(text[at..end]);
            at = end + (separator?.Length ?? 0);
        }
    }

    public static List<object?> SplitFromRight(string text, string? separator, long limit, JinjaBudget budget)
    {
        if (limit < 0 || separator is null or "")
        {
            return Split(text, separator, limit < 0 ? -1 : throw new JinjaException("rsplit with a limit needs a separator"), budget);
        }

        budget.Search(text, separator);
        var parts = new List<object?>();
        var end = text.Length;
        while (parts.Count < limit && text.AsSpan(0, end).LastIndexOf(separator) is >= 0 and var at)
        {
            budget.Spend();
            parts.Add(text[(at + separator.Length)..end]);
            end = at;
        }

        parts.Add(text[..end]);
        parts.Reverse();
        return parts;
    }

    public static List<object?> Lines(string text, JinjaBudget budget)
    {
        budget.Characters(text.Length);
        var lines = new List<object?>();
        for (var at = 0; at < text.Length;)
        {
            budget.Spend();
            var length = text.AsSpan(at).IndexOfAny(s_lineBreaks);
            if (length < 0)
            {
                lines.Add(text[at..]);
                break;
            }

            lines.Add(text.Substring(at, length));
            at += length + (text[at + length] == '\r' && at + length + 1 < text.Length && text[at + length + 1] == '\n' ? 2 : 1);
        }

        return lines;
    }

    public static string Replace(string text, string old, string replacement, long count, JinjaBudget budget)
    {
        budget.Search(text, old);
        var replaced = new StringBuilder();
        var at = 0;
        for (; count != 0 && at <= text.Length; count--)
        {
            var found = old.Length == 0 ? at : text.IndexOf(old, at, StringComparison.Ordinal);
            if (found < 0)
            {
                break;
            }

            budget.Characters(replacement.Length + found - at);
            replaced.Append(text, at, found - at).Append(replacement);
            at = found + old.Length;
            if (old.Length == 0)
            {
                if (at == text.Length)
                {
                    break;
                }

                replaced.Append(text[at++]);
            }
        }

        budget.Characters(replaced.Length);
        return replaced.Append(text, Math.Min(at, text.Length), Math.Max(0, text.Length - at)).ToString();
    }

    private static int NextSpace(string text, int at)
    {
        for (; at < text.Length; at++)
        {
            if (JinjaLexer.IsSpace(text[at]))
            {
                return at;
            }
        }

        return -1;
    }
}
