using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>Translates a pattern of a tokenizer.json from the syntax of Oniguruma to that of
/// .NET. A pattern without an equivalent is refused.</summary>
/// <remarks>
/// Language: https://github.com/kkos/oniguruma/blob/master/doc/RE. Sets of characters are
/// written anew, over text in which <see cref="AstralStandIns"/>
/// stand for characters above U+FFFF.
/// </remarks>
internal sealed class OnigurumaPattern
{
    private const int DeepestNesting = 100;

    private readonly int[] _pattern;
    private readonly string _source;
    private readonly AstralStandIns _standIns;
    private readonly bool _collects;
    private readonly StringBuilder _to = new();
    private int _at;
    private int _depth;
    private bool _ignoresCase;
    private int _previousLetter;

    private OnigurumaPattern(string source, AstralStandIns standIns, bool collects)
    {
        (_source, _standIns, _collects) = (source, standIns, collects);
        _pattern = [.. source.EnumerateRunes().Select(r => r.Value)];
    }

    /// <summary>Tells the stand-ins what the pattern distinguishes; to be called for all patterns before the first is translated.</summary>
    public static void Collect(string pattern, AstralStandIns standIns) => new OnigurumaPattern(pattern, standIns, collects: true).Run();

    /// <exception cref="InvalidDataException">The pattern is none, or has a construct without an equal in .NET.</exception>
    public static string Translate(string pattern, AstralStandIns standIns) =>
        new OnigurumaPattern(pattern, standIns, collects: false).Run();

    private bool IsAtEnd => _at >= _pattern.Length;

    private string Run()
    {
        // For the rest of the pattern; elsewhere the range of such an option differs.
        if (Skip("(?i)"))
        {
            _ignoresCase = true;
        }

        Alternatives();
        return IsAtEnd ? _to.ToString() : throw Refuse("an unmatched )");
    }

    private void Alternatives()
    {
        if (++_depth > DeepestNesting)
        {
            throw Refuse("too many groups within another");
        }

        var atom = -1;
        while (!IsAtEnd && Peek() != ')')
        {
            if (Skip("|"))
            {
                _to.Append('|');
                (atom, _previousLetter) = (-1, 0);
            }
            else if (!Quantifier(atom))
            {
                atom = _to.Length;
                Atom();
            }
        }

        _previousLetter = 0;
        _depth--;
    }

    private bool Quantifier(int atom)
    {
        var start = _at;
        string? repeat = null;
        var exact = false;
        if (Peek() is '*' or '+' or '?')
        {
            repeat = ((char)_pattern[_at++]).ToString();
        }
        else if (Interval() is var (least, most))
        {
            (repeat, exact) = (most is null ? $"{{{least},}}" : $"{{{least},{most}}}", least == most);
        }

        if (repeat is null)
        {
            return false;
        }

        if (atom < 0)
        {
            throw Refuse($"{Text(start, _at)} behind nothing");
        }

        _previousLetter = 0;
        var interval = repeat[0] == '{';
        if (interval && exact && Skip("?"))
        {
            _to.Insert(atom, "(?:").Append(repeat).Append(")?");   // there all or nothing, not lazy
        }
        else if (Skip("?"))
        {
            _to.Append(repeat).Append('?');
        }
        else if (!interval && Skip("+"))
        {
            _to.Insert(atom, "(?>").Append(repeat).Append(')');
        }
        else
        {
            _to.Append(repeat);
        }

        _to.Insert(atom, "(?:").Append(')');   // for one more quantifier
        return true;
    }

    private (int Least, int? Most)? Interval()
    {
        var at = _at;
        if (Peek() != '{')
        {
            return null;
        }

        at++;
        var least = Number(ref at);
        var (comma, most) = (false, least);
        if (at < _pattern.Length && _pattern[at] == ',')
        {
            at++;
            (comma, most) = (true, Number(ref at));
        }

        if (at >= _pattern.Length || _pattern[at] != '}' || (least is null && most is null))
        {
            return null;   // a brace
        }

        _at = at + 1;
        return (least ?? 0, comma ? most : least);
    }

    private int? Number(ref int at)
    {
        int? number = null;
        while (at < _pattern.Length && _pattern[at] is >= '0' and <= '9' && number is null or < 100_000)
        {
            number = ((number ?? 0) * 10) + _pattern[at++] - '0';
        }

        return number;
    }

    private void Atom()
    {
        var c = _pattern[_at++];
        switch (c)
        {
            case '(': Group(); break;
            case '[': Set(Class()); break;
            case '.': Set(CharacterSet.NoLineFeed); break;
            case '^': Plain(@"(?:\A|(?<=\n)(?!\z))"); break;   // the beginning of every line
            case '$': Plain(@"(?=\n|\z)"); break;              // the end of every line
            case '\\': Escape(); break;
            default: Literal(c); break;
        }
    }

    private void Group()
    {
        string[] kept = ["?:", "?=", "?!", "?<=", "?<!", "?>"];
        var ignoredCase = _ignoresCase;
        if (Peek() != '?')
        {
            _to.Append("(?:");
        }
        else if (Skip("?i:"))
        {
            _ignoresCase = true;
            _to.Append("(?:");
        }
        else if (Skip("?-i:"))
        {
            _ignoresCase = false;
            _to.Append("(?:");
        }
        else if (kept.FirstOrDefault(Skip) is { } opening)
        {
            _to.Append('(').Append(opening);
        }
        else
        {
            throw Refuse($"({Text(_at, Math.Min(_at + 3, _pattern.Length))}");
        }

        _previousLetter = 0;
        Alternatives();
        _ignoresCase = ignoredCase;
        _ = Skip(")") ? _to.Append(')') : throw Refuse("a ( without )");
    }

    private void Escape()
    {
        var c = IsAtEnd ? throw Refuse("a \\ at the end") : _pattern[_at++];
        switch (c)
        {
            case 'A': Plain(@"\A"); break;
            case 'z': Plain(@"\z"); break;
            case 'Z': Plain(@"(?=\n?\z)"); break;
            case 'R': Plain(@"(?>\r\n|[\n-\r\u0085\u2028\u2029])"); break;
            case 'N': Set(CharacterSet.NoLineFeed); break;
            default:
                _at--;
                if (Shorthand() is { } set)
                {
                    Set(set);
                }
                else
                {
                    Literal(Character());
                }

                break;
        }
    }

    /// <summary>A set behind a backslash, or null where a character stands there.</summary>
    private CharacterSet? Shorthand()
    {
        var c = _pattern[_at++];
        switch (c)
        {
            case 'd': return CharacterSet.Digit;
            case 'D': return new CharacterSet.Not(CharacterSet.Digit);
            case 's': return CharacterSet.Space;
            case 'S': return new CharacterSet.Not(CharacterSet.Space);
            case 'h': return CharacterSet.HexDigit;
            case 'H': return new CharacterSet.Not(CharacterSet.HexDigit);
            case 'p' or 'P':
                var end = Skip("{") ? Array.IndexOf(_pattern, '}', _at) : -1;
                if (end < 0)
                {
                    throw Refuse($"\\{(char)c} without a name");
                }

                var negated = (c == 'P') ^ Skip("^");
                var name = Text(_at, end);
                _at = end + 1;
                var set = name.Equals("Han", StringComparison.OrdinalIgnoreCase) ? CharacterSet.Han
                    : CharacterSet.Category(name) ?? throw Refuse($"\\p{{{name}}}");
                return negated ? new CharacterSet.Not(set) : set;
            default:
                _at--;
                return null;
        }
    }

    /// <summary>The character that is written behind a backslash.</summary>
    private int Character()
    {
        var c = _pattern[_at++];
        switch (c)
        {
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'a': return '\a';
            case 'e': return '\x1b';
            case '0' when IsAtEnd || Peek() is < '0' or > '9': return 0;
            case 'x' when Skip("{"):
                var end = Array.IndexOf(_pattern, '}', _at);
                var digits = end < 0 ? "" : Text(_at, end);
                _at = end + 1;
                return Hex(digits);
            case 'x' or 'u':
                var length = c == 'x' ? 2 : 4;
                var written = Text(_at, Math.Min(_at + length, _pattern.Length));
                _at += written.Length;
                return written.Length == length ? Hex(written) : throw Refuse($"\\{(char)c}{written}");
            case < 0x80 when char.IsAsciiLetterOrDigit((char)c): throw Refuse($"\\{(char)c}");
            default: return c;
        }
    }

    private int Hex(string digits) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && Rune.IsValid(value)
        ? value : throw Refuse($"a character of number {digits}");

    /// <summary>A set in brackets, behind the opening one.</summary>
    private CharacterSet Class()
    {
        if (++_depth > DeepestNesting)
        {
            throw Refuse("too many sets within another");
        }

        var negated = Skip("^");
        var operands = new List<CharacterSet>();
        var items = new List<CharacterSet>();
        for (var first = true; ; first = false)
        {
            if (IsAtEnd)
            {
                throw Refuse("a [ without ]");
            }

            if (!first && Skip("]"))
            {
                break;
            }

            if (Skip("&&"))
            {
                operands.Add(new CharacterSet.AnyOf([.. items]));
                items.Clear();
            }
            else if (Skip("[:"))
            {
                items.Add(Posix());
            }
            else if (Skip("["))
            {
                items.Add(Class());
            }
            else if (Peek() == '\\' && ClassShorthand() is { } set)
            {
                items.Add(set);
            }
            else
            {
                var from = ClassCharacter();
                if (Peek() == '-' && _at + 1 < _pattern.Length && _pattern[_at + 1] is not (']' or '['))
                {
                    _at++;
                    var to = Peek() == '\\' && ClassShorthand() is not null ? throw Refuse("a range that ends with a set")
                        : ClassCharacter();
                    items.Add(to >= from ? new CharacterSet.Between(from, to) : throw Refuse("a range from high to low"));
                }
                else
                {
                    items.Add(new CharacterSet.Between(from, from));
                }
            }
        }

        _depth--;
        operands.Add(items is [CharacterSet.AnyOf only] ? only
            : new CharacterSet.AnyOf([.. items.SelectMany(i => i is CharacterSet.AnyOf any ? any.Sets : [i])]));
        var all = operands.Count == 1 ? operands[0] : new CharacterSet.AllOf(operands);
        return negated ? new CharacterSet.Not(all) : all;
    }

    private CharacterSet? ClassShorthand()
    {
        var start = _at++;
        var set = IsAtEnd ? throw Refuse("a \\ at the end") : Shorthand();
        _at = set is null ? start : _at;
        return set;
    }

    private int ClassCharacter()
    {
        var c = _pattern[_at++];
        if (c != '\\')
        {
            return c;
        }

        return IsAtEnd ? throw Refuse("a \\ at the end") : Skip("b") ? '\b' : Character();
    }

    // Those whose members are the same in all versions.
    private CharacterSet Posix()
    {
        var negated = Skip("^");
        var end = Array.IndexOf(_pattern, ':', _at);
        var name = end < 0 ? "" : Text(_at, end);
        _at = Math.Max(_at, end);
        CharacterSet set = name switch
        {
            "digit" => CharacterSet.Digit,
            "space" => CharacterSet.Space,
            "xdigit" => CharacterSet.HexDigit,
            "ascii" => new CharacterSet.Between(0, 0x7F),
            _ => throw Refuse($"[:{name}:]"),
        };
        return !Skip(":]") ? throw Refuse($"[:{name} without :]") : negated ? new CharacterSet.Not(set) : set;
    }

    private void Literal(int c)
    {
        if (!_ignoresCase || (c < 0x80 && !char.IsAsciiLetter((char)c)))
        {
            _previousLetter = 0;
            if (c < 0x10000)
            {
                _to.Append(Regex.Escape(((char)c).ToString()));
                return;
            }

            Write(new CharacterSet.Between(c, c));
            return;
        }

        // One character may equal two without case, such as the ligature fi.
        var letter = c < 0x80 ? char.ToLowerInvariant((char)c) : throw Refuse($"U+{c:X4} without case");
        if ((_previousLetter, letter) is ('s', 's' or 't') or ('f', 'f' or 'i' or 'l'))
        {
            throw Refuse($"{(char)_previousLetter}{letter} without case");
        }

        _previousLetter = letter;
        Write(WithoutCase([new CharacterSet.Between(c, c)]));
    }

    private void Set(CharacterSet set)
    {
        _previousLetter = 0;
        if (!_ignoresCase || ReferenceEquals(set, CharacterSet.NoLineFeed) || ReferenceEquals(set, CharacterSet.Space)
            || ReferenceEquals(set, CharacterSet.Digit))
        {
            Write(set);
            return;
        }

        var items = set is CharacterSet.AnyOf any ? any.Sets : [set];
        Write(items.All(i => i is CharacterSet.Between { Last: < 0x80 }) ? WithoutCase(items) : throw Refuse("a set without case"));
    }

    private static CharacterSet.AnyOf WithoutCase(IReadOnlyList<CharacterSet> items)
    {
        var members = new SortedSet<int>();
        foreach (var (first, last) in items.SelectMany(i => i.Ranges()))
        {
            for (var c = first; c <= last; c++)
            {
                members.UnionWith([c, char.ToLowerInvariant((char)c), char.ToUpperInvariant((char)c)]);
            }
        }

        members.UnionWith(members.Contains('s') ? [0x17F] : []);    // the long s
        members.UnionWith(members.Contains('k') ? [0x212A] : []);   // the sign of Kelvin
        return new CharacterSet.AnyOf([.. members.Select(m => new CharacterSet.Between(m, m))]);
    }

    private void Write(CharacterSet set)
    {
        if (!_collects)
        {
            _to.Append(set.ToPattern(_standIns));
            return;
        }

        foreach (var (first, last) in set.Ranges())
        {
            _standIns.Distinguish(first, last);
        }

        _to.Append('x');
    }

    private void Plain(string text)
    {
        _previousLetter = 0;
        _to.Append(text);
    }

    private int Peek() => IsAtEnd ? -1 : _pattern[_at];

    private bool Skip(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (_at + i >= _pattern.Length || _pattern[_at + i] != text[i])
            {
                return false;
            }
        }

        _at += text.Length;
        return true;
    }

    private string Text(int from, int to)
    {
        var text = new StringBuilder();
        for (var i = from; i < to; i++)
        {
            text.Append(new Rune(_pattern[i]).ToString());
        }

        return text.ToString();
    }

    private InvalidDataException Refuse(string what) =>
        new($"pattern of the pre-tokenizer: {what} is not supported, in {(_source.Length > 200 ? _source[..200] + "…" : _source)}");
}
