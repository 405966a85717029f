using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Cuts a template into text and the tokens of its tags.</summary>
/// <remarks>
/// Whitespace as Jinja2 with <c>trim_blocks</c> and <c>lstrip_blocks</c>, the settings chat templates are written for: a block or
/// comment takes the indentation before it and the line break after it; <c>-</c> takes all white space on its side, <c>+</c> none.
/// </remarks>
internal sealed class JinjaLexer
{
    private static readonly string[] s_operators =
        ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
            "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private const int MaxName = 1000; // names are hashed whenever they are looked up

    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _position;
    private int _line = 1;
    private bool _lineStarting = true;

    public JinjaLexer(string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _source = source.EndsWith('\n') ? source[..^1] : source;
    }

    public int Line => _line;

    public List<JinjaToken> Read()
    {
        while (_position < _source.Length)
        {
            var open = NextTag();
            if (open < 0)
            {
                AddText(_source[_position..]);
                break;
            }

            var text = _source[_position..open];
            var kind = _source[open + 1];
            var sign = open + 2 < _source.Length && _source[open + 2] is '-' or '+' ? _source[open + 2] : ' ';
            AddText(text, sign, kind != '{');
            _line += text.AsSpan().Count('\n');
            _position = open + (sign == ' ' ? 2 : 3);
            switch (kind)
            {
                case '#': SkipComment(); break;
                case '%' when TrySkipRawBegin(): ReadRaw(); break;
                case '%': ReadTag(JinjaTokenKind.BlockBegin, JinjaTokenKind.BlockEnd, "%}"); break;
                default: ReadTag(JinjaTokenKind.VariableBegin, JinjaTokenKind.VariableEnd, "}}"); break;
            }
        }

        Add(JinjaTokenKind.End, "");
        return _tokens;
    }

    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    private int NextTag()
    {
        for (var i = _position; (i = _source.IndexOf('{', i)) >= 0 && i + 1 < _source.Length; i++)
        {
            if (_source[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    private void Add(JinjaTokenKind kind, string text) => _tokens.Add(new(kind, text, _line));

    private void AddText(string text, char sign = '+', bool stripsIndentation = false)
    {
        if (sign == '-')
        {
            var end = text.Length;
            while (end > 0 && IsSpace(text[end - 1]))
            {
                end--;
            }

            text = text[..end];
        }
        else if (sign == ' ' && stripsIndentation)
        {
            var lineStart = text.LastIndexOf('\n') + 1;
            if ((lineStart > 0 || _lineStarting) && text.Skip(lineStart).All(IsSpace))
            {
                text = text[..lineStart];
            }
        }

        if (text.Length > 0)
        {
            Add(JinjaTokenKind.Text, text);
        }
    }

    /// <summary>Steps over the end of a tag, and over the white space that goes with it.</summary>
    private void Close(int length, char sign, bool trimsLineBreak)
    {
        var start = _position;
        _position += length;
        if (sign == '-')
        {
            while (_position < _source.Length && IsSpace(_source[_position]))
            {
                _position++;
            }
        }
        else if (sign == ' ' && trimsLineBreak && _position < _source.Length && _source[_position] == '\n')
        {
            _position++;
        }

        var closed = _source.AsSpan(start, _position - start);
        _line += closed.Count('\n');
        _lineStarting = closed[^1] == '\n';
    }

    private void SkipComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            throw new JinjaException("a comment is not closed");
        }

        var sign = end > _position && _source[end - 1] is '-' or '+' ? _source[end - 1] : ' ';
        _line += _source.AsSpan(_position, end - _position).Count('\n');
        _position = end;
        Close(2, sign, trimsLineBreak: true);
    }

    private bool TrySkipRawBegin()
    {
        var at = SkipSpace(_position);
        if (string.CompareOrdinal(_source, at, "raw", 0, 3) != 0)
        {
            return false;
        }

        at = SkipSpace(at + 3);
        var sign = at < _source.Length && _source[at] == '-' ? '-' : ' ';
        at += sign == '-' ? 1 : 0;
        if (string.CompareOrdinal(_source, at, "%}", 0, 2) != 0)
        {
            return false;
        }

        _position = at;
        Close(2, sign, trimsLineBreak: false);
        return true;
    }

    private void ReadRaw()
    {
        for (var open = _position; (open = _source.IndexOf("{%", open, StringComparison.Ordinal)) >= 0; open += 2)
        {
            var sign = open + 2 < _source.Length && _source[open + 2] is '-' or '+' ? _source[open + 2] : ' ';
            var at = SkipSpace(open + (sign == ' ' ? 2 : 3));
            if (string.CompareOrdinal(_source, at, "endraw", 0, 6) != 0)
            {
                continue;
            }

            at = SkipSpace(at + 6);
            var endSign = at < _source.Length && _source[at] is '-' or '+' ? _source[at] : ' ';
            at += endSign == ' ' ? 0 : 1;
            if (string.CompareOrdinal(_source, at, "%}", 0, 2) == 0)
            {
                AddText(_source[_position..open], sign, stripsIndentation: true);
                _line += _source.AsSpan(_position, at - _position).Count('\n');
                _position = at;
                Close(2, endSign, trimsLineBreak: true);
                return;
            }
        }

        throw new JinjaException("a raw block is not closed");
    }

    private int SkipSpace(int at)
    {
        while (at < _source.Length && IsSpace(_source[at]))
        {
            at++;
        }

        return at;
    }

    private void ReadTag(JinjaTokenKind begin, JinjaTokenKind end, string marker)
    {
        Add(begin, "");
        var open = 0; // brackets: }} may also close two dictionaries
        while (true)
        {
            var next = SkipSpace(_position);
            _line += _source.AsSpan(_position, next - _position).Count('\n');
            _position = next;
            if (_position >= _source.Length)
            {
                throw new JinjaException("a tag is not closed");
            }

            var c = _source[_position];
            var sign = c == '-' || (c == '+' && marker == "%}") ? c : ' ';
            if (open == 0 && string.CompareOrdinal(_source, _position + (sign == ' ' ? 0 : 1), marker, 0, 2) == 0)
            {
                _position += sign == ' ' ? 0 : 1;
                Add(end, "");
                Close(2, sign, trimsLineBreak: marker == "%}");
                return;
            }

            if (c == '_' || char.IsLetter(c))
            {
                var start = _position;
                while (_position < _source.Length && (_source[_position] == '_' || char.IsLetterOrDigit(_source[_position])))
                {
                    _position++;
                }

                if (_position - start > MaxName)
                {
                    throw new JinjaException("a name is too long");
                }

                Add(JinjaTokenKind.Name, _source[start.._position]);
            }
            else if (char.IsAsciiDigit(c))
            {
                ReadNumber();
            }
            else if (c is '\'' or '"')
            {
                ReadString(c);
            }
            else
            {
                var op = s_operators.FirstOrDefault(o => string.CompareOrdinal(_source, _position, o, 0, o.Length) == 0)
                    ?? throw new JinjaException($"unexpected character '{c}'");
                open += op is "(" or "[" or "{" ? 1 : op is ")" or "]" or "}" ? -1 : 0;
                Add(JinjaTokenKind.Operator, op);
                _position += op.Length;
            }
        }
    }

    private void ReadNumber()
    {
        var start = _position;
        SkipDigits();
        var kind = JinjaTokenKind.Integer;
        if (_position + 1 < _source.Length && _source[_position] == '.' && char.IsAsciiDigit(_source[_position + 1]))
        {
            kind = JinjaTokenKind.Float;
            _position++;
            SkipDigits();
        }

        if (_position < _source.Length && _source[_position] is 'e' or 'E')
        {
            var exponent = _position + 1 + (_position + 1 < _source.Length && _source[_position + 1] is '+' or '-' ? 1 : 0);
            if (exponent < _source.Length && char.IsAsciiDigit(_source[exponent]))
            {
                kind = JinjaTokenKind.Float;
                _position = exponent;
                SkipDigits();
            }
        }

        Add(kind, _source[start.._position].Replace("_", "", StringComparison.Ordinal));

        void SkipDigits()
        {
            while (_position < _source.Length && (char.IsAsciiDigit(_source[_position]) || _source[_position] == '_'))
            {
                _position++;
            }
        }
    }

    private void ReadString(char quote)
    {
        var text = new StringBuilder();
        var line = _line;
        for (_position++; ; _position++)
        {
            if (_position >= _source.Length)
            {
                throw new JinjaException("a string is not closed");
            }

            var c = _source[_position];
            if (c == quote)
            {
                _position++;
                _tokens.Add(new(JinjaTokenKind.String, text.ToString(), line));
                return;
            }

            _line += c == '\n' ? 1 : 0;
            if (c != '\\' || _position + 1 >= _source.Length)
            {
                text.Append(c);
                continue;
            }

            var escaped = _source[++_position];
            _line += escaped == '\n' ? 1 : 0;
            _ = escaped switch
            {
                'n' => text.Append('\n'),
                't' => text.Append('\t'),
                'r' => text.Append('\r'),
                'b' => text.Append('\b'),
                'f' => text.Append('\f'),
                'v' => text.Append('\v'),
                'a' => text.Append('\a'),
                '0' => text.Append('\0'),
                '\n' => text,
                '\\' or '\'' or '"' => text.Append(escaped),
                'x' => AppendHex(text, 2),
                'u' => AppendHex(text, 4),
                'U' => AppendHex(text, 8),
                _ => text.Append('\\').Append(escaped),
            };
        }
    }

    private StringBuilder AppendHex(StringBuilder text, int digits)
    {
        if (_position + digits < _source.Length
            && int.TryParse(
                _source.AsSpan(_position + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            && value is >= 0 and <= 0x10FFFF)
        {
            _position += digits;
            return value < 0x10000 ? text.Append((char)value) : text.Append(char.ConvertFromUtf32(value));
        }

        throw new JinjaException("a string holds a broken escape");
    }
}
