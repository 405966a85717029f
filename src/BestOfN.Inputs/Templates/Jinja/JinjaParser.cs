using System.Globalization;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Recursive descent over the tokens, with the precedence of Jinja2.</summary>
internal sealed class JinjaParser(List<JinjaToken> tokens)
{
    private const int MaxNesting = 150;

    private int _position;
    private int _nesting;

    private JinjaToken Current => tokens[_position];

    public int Line => Current.Line;

    public IReadOnlyList<JinjaStatement> Parse() => Body();

    private List<JinjaStatement> Body(params ReadOnlySpan<string> ends)
    {
        Enter();
        var body = new List<JinjaStatement>();
        while (true)
        {
            var token = Current;
            switch (token.Kind)
            {
                case JinjaTokenKind.Text:
                    body.Add(new JinjaStatement.Text(token.Line, token.Text));
                    _position++;
                    continue;
                case JinjaTokenKind.VariableBegin:
                    _position++;
                    body.Add(new JinjaStatement.Output(token.Line, TupleOrExpression()));
                    Expect(JinjaTokenKind.VariableEnd);
                    continue;
                case JinjaTokenKind.BlockBegin:
                    var tag = tokens[_position + 1];
                    if (ends.Contains(tag.Text))
                    {
                        _nesting--;
                        return body;
                    }

                    _position++;
                    body.Add(Block());
                    continue;
                case JinjaTokenKind.End when ends.IsEmpty:
                    _nesting--;
                    return body;
                default:
                    throw new JinjaException($"'{string.Join("' or '", ends.ToArray())}' is missing");
            }
        }
    }

    private JinjaStatement Block()
    {
        var line = Line;
        var name = Name();
        switch (name)
        {
            case "if":
                return If(line);
            case "for":
                return For(line);
            case "set":
                return Set(line);
            case "macro":
                return Macro(line);
            case "generation":
                CloseTag();
                var group = new JinjaStatement.Group(line, Body("endgeneration"));
                EndTag();
                return group;
            case "break":
                CloseTag();
                return new JinjaStatement.Break(line);
            case "continue":
                CloseTag();
                return new JinjaStatement.Continue(line);
            default:
                throw new JinjaException($"tag '{name}' is not supported here");
        }
    }

    private JinjaStatement.If If(int line)
    {
        var branches = new List<(JinjaExpression, IReadOnlyList<JinjaStatement>)>();
        IReadOnlyList<JinjaStatement> otherwise = [];
        do
        {
            var condition = TupleOrExpression();
            CloseTag();
            branches.Add((condition, Body("elif", "else", "endif")));
            _position++;
        }
        while (TryTake("elif"));

        if (TryTake("else"))
        {
            CloseTag();
            otherwise = Body("endif");
            _position++;
        }

        _position++; // endif
        CloseTag();
        return new(line, branches, otherwise);
    }

    private JinjaStatement.For For(int line)
    {
        var targets = Targets();
        Take("in");
        // Without the conditional form: "if" begins the filter of the loop.
        var items = Or();
        if (Current.Is(","))
        {
            items = RestOfTuple(items, line);
        }

        var condition = TryTake("if") ? Expression() : null;
        if (Current.Is("recursive"))
        {
            throw new JinjaException("recursive loops are not supported");
        }

        CloseTag();
        var body = Body("else", "endfor");
        _position++;
        IReadOnlyList<JinjaStatement> otherwise = [];
        if (TryTake("else"))
        {
            CloseTag();
            otherwise = Body("endfor");
            _position++;
        }

        _position++; // endfor
        CloseTag();
        return new(line, targets, items, condition, body, otherwise);
    }

    private JinjaStatement Set(int line)
    {
        var targets = Targets();
        var attribute = targets.Count == 1 && TryTake(".") ? Name() : null;
        if (TryTake("="))
        {
            var value = TupleOrExpression();
            CloseTag();
            return new JinjaStatement.Set(line, targets, attribute, value);
        }

        if (targets.Count > 1 || attribute is not null)
        {
            throw new JinjaException("a set block takes one name");
        }

        var filters = new List<(string, JinjaExpression.Arguments)>();
        while (TryTake("|"))
        {
            filters.Add((Name(), Current.Is("(") ? Arguments() : JinjaExpression.Arguments.None));
        }

        CloseTag();
        var body = Body("endset");
        EndTag();
        return new JinjaStatement.SetBlock(line, targets[0], filters, body);
    }

    private JinjaStatement.Macro Macro(int line)
    {
        var name = Name();
        var parameters = new List<(string, JinjaExpression?)>();
        Take("(");
        while (!TryTake(")"))
        {
            var parameter = Name();
            parameters.Add((parameter, TryTake("=") ? Expression() : null));
            if (!Current.Is(")"))
            {
                Take(",");
            }
        }

        CloseTag();
        var body = Body("endmacro");
        EndTag();
        return new(line, name, parameters, body);
    }

    private List<string> Targets()
    {
        var parenthesised = TryTake("(");
        var targets = new List<string> { Name() };
        while (TryTake(","))
        {
            targets.Add(Name());
        }

        if (parenthesised)
        {
            Take(")");
        }

        return targets;
    }

    private JinjaExpression TupleOrExpression()
    {
        var line = Line;
        var first = Expression();
        return Current.Is(",") ? RestOfTuple(first, line) : first;
    }

    private JinjaExpression.List RestOfTuple(JinjaExpression first, int line)
    {
        var items = new List<JinjaExpression> { first };
        while (TryTake(",") && Current.Kind is not (JinjaTokenKind.BlockEnd or JinjaTokenKind.VariableEnd) && !Current.Is(")"))
        {
            items.Add(Expression());
        }

        return new(line, items, IsTuple: true);
    }

    private JinjaExpression Expression()
    {
        Enter();
        var line = Line;
        var value = Or();
        while (TryTake("if"))
        {
            var condition = Or();
            value = new JinjaExpression.Conditional(line, condition, value, TryTake("else") ? Expression() : null);
        }

        _nesting--;
        return value;
    }

    private JinjaExpression Or() => Chain(And, "or");

    private JinjaExpression And() => Chain(Not, "and");

    private JinjaExpression Not()
    {
        var line = Line;
        if (!TryTake("not"))
        {
            return Compare();
        }

        Enter();
        var operand = Not();
        _nesting--;
        return new JinjaExpression.Unary(line, "not", operand);
    }

    private JinjaExpression Compare()
    {
        var line = Line;
        var first = Sum();
        var rest = new List<(string, JinjaExpression)>();
        while (true)
        {
            if (Current.Kind == JinjaTokenKind.Operator && Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=" || Current.Is("in"))
            {
                rest.Add((tokens[_position++].Text, Sum()));
            }
            else if (Current.Is("not") && tokens[_position + 1].Is("in"))
            {
                _position += 2;
                rest.Add(("not in", Sum()));
            }
            else
            {
                return rest.Count == 0 ? first : new JinjaExpression.Comparison(line, first, rest);
            }
        }
    }

    private JinjaExpression Sum() => Chain(Concatenation, "+", "-");

    private JinjaExpression Concatenation() => Chain(Product, "~");

    private JinjaExpression Product() => Chain(Power, "*", "/", "//", "%");

    private JinjaExpression Power() => Chain(() => Unary(withFilters: true), "**");

    private JinjaExpression Chain(Func<JinjaExpression> operand, params ReadOnlySpan<string> operators)
    {
        var left = operand();
        while (Current.Kind is JinjaTokenKind.Operator or JinjaTokenKind.Name && operators.Contains(Current.Text))
        {
            var op = tokens[_position++];
            left = new JinjaExpression.Binary(op.Line, op.Text, left, operand());
        }

        return left;
    }

    private JinjaExpression Unary(bool withFilters)
    {
        Enter();
        var token = Current;
        JinjaExpression value = token.Is("-") || token.Is("+")
            ? new JinjaExpression.Unary(token.Line, tokens[_position++].Text, Unary(withFilters: false))
            : Postfix(Primary());
        _nesting--;
        return withFilters ? Filtered(value) : value;
    }

    private JinjaExpression Primary()
    {
        var token = tokens[_position++];
        switch (token.Kind)
        {
            case JinjaTokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new JinjaExpression.Literal(token.Line, true),
                    "false" or "False" => new JinjaExpression.Literal(token.Line, false),
                    "none" or "None" => new JinjaExpression.Literal(token.Line, null),
                    _ => new JinjaExpression.Name(token.Line, token.Text),
                };
            case JinjaTokenKind.String:
                var first = _position - 1;
                while (Current.Kind == JinjaTokenKind.String)
                {
                    _position++;
                }

                return new JinjaExpression.Literal(token.Line, string.Concat(tokens[first.._position].Select(t => t.Text)));
            case JinjaTokenKind.Integer:
                return long.TryParse(token.Text, CultureInfo.InvariantCulture, out var integer)
                    ? new JinjaExpression.Literal(token.Line, integer)
                    : throw new JinjaException($"{token.Text} is too large");
            case JinjaTokenKind.Float:
                return new JinjaExpression.Literal(token.Line, double.Parse(token.Text, CultureInfo.InvariantCulture));
            case JinjaTokenKind.Operator when token.Text == "(":
                if (TryTake(")"))
                {
                    return new JinjaExpression.List(token.Line, [], IsTuple: true);
                }

                var inner = TupleOrExpression();
                Take(")");
                return inner;
            case JinjaTokenKind.Operator when token.Text == "[":
                var items = new List<JinjaExpression>();
                while (!TryTake("]"))
                {
                    items.Add(Expression());
                    if (!Current.Is("]"))
                    {
                        Take(",");
                    }
                }

                return new JinjaExpression.List(token.Line, items, IsTuple: false);
            case JinjaTokenKind.Operator when token.Text == "{":
                var entries = new List<(JinjaExpression, JinjaExpression)>();
                while (!TryTake("}"))
                {
                    var key = Expression();
                    Take(":");
                    entries.Add((key, Expression()));
                    if (!Current.Is("}"))
                    {
                        Take(",");
                    }
                }

                return new JinjaExpression.Dictionary(token.Line, entries);
            default:
                _position--;
                throw new JinjaException(token.Kind == JinjaTokenKind.Operator ? $"unexpected '{token.Text}'" : "an expression is missing");
        }
    }

    private JinjaExpression Postfix(JinjaExpression value)
    {
        while (true)
        {
            var line = Line;
            if (TryTake("."))
            {
                var token = tokens[_position++];
                value = token.Kind switch
                {
                    JinjaTokenKind.Name => new JinjaExpression.Member(line, value, token.Text),
                    JinjaTokenKind.Integer => new JinjaExpression.Item(
                        line, value, new JinjaExpression.Literal(line, long.Parse(token.Text, CultureInfo.InvariantCulture))),
                    _ => throw new JinjaException("a name is missing after '.'"),
                };
            }
            else if (TryTake("["))
            {
                value = Subscript(value, line);
            }
            else if (Current.Is("("))
            {
                value = new JinjaExpression.Call(line, value, Arguments());
            }
            else
            {
                return value;
            }
        }
    }

    private JinjaExpression Subscript(JinjaExpression of, int line)
    {
        JinjaExpression? start = null, stop = null, step = null;
        if (!Current.Is(":"))
        {
            start = TupleOrExpression();
            if (TryTake("]"))
            {
                return new JinjaExpression.Item(line, of, start);
            }
        }

        Take(":");
        if (!Current.Is(":") && !Current.Is("]"))
        {
            stop = Expression();
        }

        if (TryTake(":") && !Current.Is("]"))
        {
            step = Expression();
        }

        Take("]");
        return new JinjaExpression.Slice(line, of, start, stop, step);
    }

    private JinjaExpression Filtered(JinjaExpression value)
    {
        while (true)
        {
            var line = Line;
            if (TryTake("|"))
            {
                var name = Name();
                value = new JinjaExpression.Filter(line, value, name, Current.Is("(") ? Arguments() : JinjaExpression.Arguments.None);
            }
            else if (TryTake("is"))
            {
                value = Test(value, line);
            }
            else if (Current.Is("("))
            {
                value = new JinjaExpression.Call(line, value, Arguments());
            }
            else
            {
                return value;
            }
        }
    }

    private JinjaExpression.Test Test(JinjaExpression value, int line)
    {
        var negated = TryTake("not");
        var name = Name();
        var arguments = JinjaExpression.Arguments.None;
        if (Current.Is("("))
        {
            arguments = Arguments();
        }
        else if (Current.Kind is JinjaTokenKind.String or JinjaTokenKind.Integer or JinjaTokenKind.Float
            || Current.Is("[") || Current.Is("{")
            || (Current.Kind == JinjaTokenKind.Name && Current.Text is not ("else" or "or" or "and" or "is" or "if" or "not" or "in")))
        {
            arguments = new([Postfix(Primary())], []); // "x is divisibleby 3"
        }

        return new(line, value, name, arguments, negated);
    }

    private JinjaExpression.Arguments Arguments()
    {
        var positional = new List<JinjaExpression>();
        var named = new List<(string, JinjaExpression)>();
        Take("(");
        while (!TryTake(")"))
        {
            if (Current.Kind == JinjaTokenKind.Name && tokens[_position + 1].Is("="))
            {
                var name = Name();
                _position++;
                named.Add((name, Expression()));
            }
            else
            {
                positional.Add(Expression());
            }

            if (!Current.Is(")"))
            {
                Take(",");
            }
        }

        return new(positional, named);
    }

    private string Name()
    {
        var token = Current;
        Expect(JinjaTokenKind.Name);
        return token.Text;
    }

    private void CloseTag() => Expect(JinjaTokenKind.BlockEnd);

    /// <summary>Steps over an end tag that <see cref="Body"/> has stopped at.</summary>
    private void EndTag()
    {
        _position += 2;
        CloseTag();
    }

    private bool TryTake(string text)
    {
        if (!Current.Is(text))
        {
            return false;
        }

        _position++;
        return true;
    }

    private void Take(string text)
    {
        if (!TryTake(text))
        {
            throw new JinjaException($"'{text}' expected, but {Found()} found");
        }
    }

    private void Expect(JinjaTokenKind kind)
    {
        if (Current.Kind != kind)
        {
            throw new JinjaException($"{(kind == JinjaTokenKind.Name ? "a name" : "the end of the tag")} expected, but {Found()} found");
        }

        _position++;
    }

    private string Found() => Current.Text.Length > 0 ? $"'{Current.Text}'" : "the end of the tag";

    private void Enter()
    {
        if (++_nesting > MaxNesting)
        {
            throw new JinjaException("nested too deeply");
        }
    }
}
