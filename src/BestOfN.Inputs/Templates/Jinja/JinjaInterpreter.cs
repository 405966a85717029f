using System.Text;

namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Runs one template once.</summary>
internal sealed class JinjaInterpreter
{
    private readonly JinjaBudget _budget = new();
    private StringBuilder _output = new();
    private int _loops;

    /// <summary>Line of the template that is being run, for errors.</summary>
    public int Line { get; private set; } = 1;

    public string Render(IReadOnlyList<JinjaStatement> template, IEnumerable<KeyValuePair<string, object?>> variables)
    {
        var globals = new JinjaScope(null);
        globals.Set("range", (JinjaFunction)Range);
        globals.Set("namespace", (JinjaFunction)Namespace);
        globals.Set(
            "dict", (JinjaFunction)(a => a.Positional.Count > 0 ? throw new JinjaException("dict takes named arguments only")
                : JinjaDictionary.Of(a.Named.Select(p => KeyValuePair.Create<object, object?>(p.Key, p.Value)))));
        globals.Set("raise_exception", (JinjaFunction)(a => throw new JinjaException(PythonText.Of(a.Get(0, "message", ""), _budget))));
        foreach (var (name, value) in variables)
        {
            globals.Set(name, value);
        }

        Execute(template, new JinjaScope(globals));
        return _output.ToString();
    }

    private JinjaFlow Execute(IReadOnlyList<JinjaStatement> statements, JinjaScope scope)
    {
        _budget.Enter();
        var flow = JinjaFlow.Next;
        for (var i = 0; i < statements.Count && flow == JinjaFlow.Next; i++)
        {
            _budget.Spend();
            Line = statements[i].Line;
            flow = Execute(statements[i], scope);
        }

        _budget.Leave();
        return flow;
    }

    private JinjaFlow Execute(JinjaStatement statement, JinjaScope scope)
    {
        switch (statement)
        {
            case JinjaStatement.Text text:
                Write(text.Value);
                return JinjaFlow.Next;
            case JinjaStatement.Output output:
                Write(PythonText.Of(Evaluate(output.Value, scope), _budget));
                return JinjaFlow.Next;
            case JinjaStatement.If choice:
                foreach (var (condition, body) in choice.Branches)
                {
                    if (JinjaValue.IsTrue(Evaluate(condition, scope)))
                    {
                        return Execute(body, scope);
                    }
                }

                return Execute(choice.Otherwise, scope);
            case JinjaStatement.For loop:
                return Loop(loop, scope);
            case JinjaStatement.Set set:
                Assign(set, Evaluate(set.Value, scope), scope);
                return JinjaFlow.Next;
            case JinjaStatement.SetBlock set:
                object? captured = Capture(set.Body, new JinjaScope(scope));
                foreach (var (name, arguments) in set.Filters)
                {
                    captured = JinjaFilters.Apply(name, captured, Evaluate(arguments, scope), _budget);
                }

                scope.Set(set.Target, captured);
                return JinjaFlow.Next;
            case JinjaStatement.Macro macro:
                scope.Set(macro.Name, (JinjaFunction)(arguments => Call(macro, arguments, scope)));
                return JinjaFlow.Next;
            case JinjaStatement.Group group:
                return Execute(group.Body, scope);
            case JinjaStatement.Break or JinjaStatement.Continue when _loops == 0:
                throw new JinjaException("break and continue belong into a loop");
            case JinjaStatement.Break:
                return JinjaFlow.Break;
            default:
                return JinjaFlow.Continue;
        }
    }

    private void Write(string text)
    {
        _budget.Characters(text.Length);
        _output.Append(text);
        if (_output.Length > JinjaBudget.MaxText)
        {
            throw new JinjaException("the template makes too long a text");
        }
    }

    private JinjaFlow Loop(JinjaStatement.For loop, JinjaScope scope)
    {
        var items = JinjaValue.Items(Evaluate(loop.Items, scope), _budget);
        if (loop.Condition is not null)
        {
            items = [.. items.Where(item => JinjaValue.IsTrue(Evaluate(loop.Condition, Bind(item))))];
        }

        if (items.Count == 0)
        {
            return Execute(loop.Otherwise, new JinjaScope(scope));
        }

        var state = new JinjaLoop(items, _budget);
        _loops++;
        foreach (var item in items)
        {
            var inner = Bind(item);
            inner.Set("loop", state);
            if (Execute(loop.Body, inner) == JinjaFlow.Break)
            {
                break;
            }

            state.Index++;
        }

        _loops--;
        return JinjaFlow.Next;

        JinjaScope Bind(object? item)
        {
            var inner = new JinjaScope(scope);
            Unpack(loop.Targets, item, inner);
            return inner;
        }
    }

    private void Unpack(IReadOnlyList<string> targets, object? value, JinjaScope scope)
    {
        if (targets.Count == 1)
        {
            scope.Set(targets[0], value);
            return;
        }

        var values = JinjaValue.Items(value, _budget);
        if (values.Count != targets.Count)
        {
            throw new JinjaException($"{values.Count} values can not be unpacked into {targets.Count} names");
        }

        for (var i = 0; i < targets.Count; i++)
        {
            scope.Set(targets[i], values[i]);
        }
    }

    private void Assign(JinjaStatement.Set set, object? value, JinjaScope scope)
    {
        if (set.Attribute is null)
        {
            Unpack(set.Targets, value, scope);
        }
        else if (scope.TryGet(set.Targets[0], out var target) && target is JinjaNamespace space)
        {
            space.Attributes[set.Attribute] = value;
        }
        else
        {
            throw new JinjaException($"'{set.Targets[0]}' is not a namespace, so its '{set.Attribute}' can not be set");
        }
    }

    private string Capture(IReadOnlyList<JinjaStatement> body, JinjaScope scope)
    {
        var (outer, loops) = (_output, _loops);
        (_output, _loops) = (new StringBuilder(), 0);
        Execute(body, scope);
        var text = _output.ToString();
        (_output, _loops) = (outer, loops);
        return text;
    }

    private string Call(JinjaStatement.Macro macro, JinjaArguments arguments, JinjaScope scope)
    {
        if (arguments.Positional.Count > macro.Parameters.Count)
        {
            throw new JinjaException($"macro '{macro.Name}' takes {macro.Parameters.Count} arguments");
        }

        _budget.Spend(macro.Parameters.Count * (1L + arguments.Named.Count));
        if (arguments.Named.Keys.FirstOrDefault(n => macro.Parameters.All(p => p.Name != n)) is { } unknown)
        {
            throw new JinjaException($"macro '{macro.Name}' has no argument '{unknown}'");
        }

        _budget.Enter();
        var inner = new JinjaScope(scope);
        for (var i = 0; i < macro.Parameters.Count; i++)
        {
            var (name, otherwise) = macro.Parameters[i];
            inner.Set(name, arguments.Has(i, name) ? arguments.Get(i, name, null)
                : otherwise is null ? new JinjaUndefined($"argument '{name}' of '{macro.Name}' was not given")
                : Evaluate(otherwise, inner));
        }

        var text = Capture(macro.Body, inner);
        _budget.Leave();
        return text;
    }

    private object? Evaluate(JinjaExpression expression, JinjaScope scope)
    {
        _budget.Spend();
        _budget.Enter();
        Line = expression.Line;
        var value = expression switch
        {
            JinjaExpression.Literal literal => literal.Value,
            JinjaExpression.Name name => Name(name, scope),
            JinjaExpression.List { IsTuple: true } tuple => tuple.Items.Select(i => Evaluate(i, scope)).ToArray(),
            JinjaExpression.List list => list.Items.Select(i => Evaluate(i, scope)).ToList(),
            JinjaExpression.Dictionary dictionary => Dictionary(dictionary, scope),
            JinjaExpression.Unary { Operator: "not" } not => !JinjaValue.IsTrue(Evaluate(not.Operand, scope)),
            JinjaExpression.Unary unary => JinjaOperators.Binary(unary.Operator, 0L, Evaluate(unary.Operand, scope), _budget),
            JinjaExpression.Binary { Operator: "and" } and =>
                Evaluate(and.Left, scope) is var left && JinjaValue.IsTrue(left) ? Evaluate(and.Right, scope) : left,
            JinjaExpression.Binary { Operator: "or" } or => Evaluate(or.Left, scope) is var left && JinjaValue.IsTrue(left) ? left
                : Evaluate(or.Right, scope),
            JinjaExpression.Binary binary => Binary(binary, scope),
            JinjaExpression.Comparison comparison => Compare(comparison, scope),
            JinjaExpression.Conditional choice => Choose(choice, scope),
            JinjaExpression.Member member => Member(Evaluate(member.Of, scope), member.Text),
            JinjaExpression.Item item => Item(Evaluate(item.Of, scope), Evaluate(item.Key, scope)),
            JinjaExpression.Slice slice => JinjaOperators.Slice(Evaluate(slice.Of, scope), EvaluateOrNull(slice.Start, scope),
                EvaluateOrNull(slice.Stop, scope), EvaluateOrNull(slice.Step, scope), _budget),
            JinjaExpression.Call call => Call(call, scope),
            JinjaExpression.Filter filter => Filter(filter, scope),
            JinjaExpression.Test test => Test(test, scope) != test.Negated,
            _ => throw new InvalidOperationException(expression.GetType().Name),
        };
        _budget.Leave();
        return value;
    }

    private object? Name(JinjaExpression.Name name, JinjaScope scope)
    {
        _budget.Spend(scope.Depth / 8);
        return scope.TryGet(name.Text, out var found) ? found : new JinjaUndefined($"'{name.Text}' is undefined");
    }

    private object? EvaluateOrNull(JinjaExpression? expression, JinjaScope scope) =>
        expression is null ? null : Evaluate(expression, scope);

    private JinjaArguments Evaluate(JinjaExpression.Arguments arguments, JinjaScope scope)
    {
        if (arguments.Positional.Count + arguments.Named.Count == 0)
        {
            return JinjaArguments.None;
        }

        var named = new Dictionary<string, object?>();
        foreach (var (name, value) in arguments.Named)
        {
            named[name] = Evaluate(value, scope);
        }

        return new([.. arguments.Positional.Select(a => Evaluate(a, scope))], named);
    }

    private object? Binary(JinjaExpression.Binary binary, JinjaScope scope)
    {
        var (left, right) = (Evaluate(binary.Left, scope), Evaluate(binary.Right, scope));
        Line = binary.Line;
        return JinjaOperators.Binary(binary.Operator, left, right, _budget);
    }

    private bool Compare(JinjaExpression.Comparison comparison, JinjaScope scope)
    {
        var left = Evaluate(comparison.First, scope);
        foreach (var (op, operand) in comparison.Rest)
        {
            var right = Evaluate(operand, scope);
            var holds = op switch
            {
                "in" => JinjaOperators.Contains(right, left, _budget),
                "not in" => !JinjaOperators.Contains(right, left, _budget),
                _ => JinjaTests.Apply(op, left, new([right], JinjaArguments.None.Named), _budget),
            };
            if (!holds)
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    private object? Choose(JinjaExpression.Conditional choice, JinjaScope scope) =>
        JinjaValue.IsTrue(Evaluate(choice.Condition, scope)) ? Evaluate(choice.Then, scope)
        : choice.Otherwise is null ? new JinjaUndefined("the condition was false and there is no else") : Evaluate(choice.Otherwise, scope);

    private object? Filter(JinjaExpression.Filter filter, JinjaScope scope)
    {
        var (value, arguments) = (Evaluate(filter.Value, scope), Evaluate(filter.Given, scope));
        Line = filter.Line;
        return JinjaFilters.Apply(filter.Text, value, arguments, _budget);
    }

    private bool Test(JinjaExpression.Test test, JinjaScope scope)
    {
        var (value, arguments) = (Evaluate(test.Value, scope), Evaluate(test.Given, scope));
        Line = test.Line;
        return JinjaTests.Apply(test.Text, value, arguments, _budget);
    }

    private object? Call(JinjaExpression.Call call, JinjaScope scope)
    {
        var callee = Evaluate(call.Callee, scope);
        var arguments = Evaluate(call.Given, scope);
        Line = call.Line;
        return callee is JinjaFunction function ? function(arguments)
            : throw new JinjaException($"{JinjaValue.TypeOf(callee)} can not be called");
    }

    private object? Member(object? of, string name) => of switch
    {
        JinjaUndefined undefined => throw new JinjaException(undefined.What),
        JinjaNamespace space when space.Attributes.TryGetValue(name, out var value) => value,
        JinjaLoop loop => loop.Get(name),
        _ when JinjaMethods.Find(of, name, _budget) is { } method => method,
        JinjaDictionary dictionary when dictionary.TryGetValue(name, out var value) => value,
        _ => new JinjaUndefined($"{JinjaValue.TypeOf(of)} has no '{name}'"),
    };

    private object? Item(object? of, object? key)
    {
        switch (of, key)
        {
            case (JinjaUndefined undefined, _):
                throw new JinjaException(undefined.What);
            case (JinjaDictionary dictionary, string or long or double or bool) when dictionary.TryGetValue(
                JinjaValue.Key(key, _budget), out var value):
                return value;
            case (IReadOnlyList<object?> list, long index):
                index += index < 0 ? list.Count : 0;
                return index >= 0 && index < list.Count ? list[(int)index]
                    : new JinjaUndefined($"{JinjaValue.TypeOf(of)} has no item {key}");
            case (string text, long index):
                return JinjaOperators.CharacterAt(text, index, _budget)
                    ?? (object)new JinjaUndefined($"{JinjaValue.TypeOf(of)} has no item {key}");
            case (_, string name):
                return Member(of, _budget.Text(name));
            default:
                return new JinjaUndefined($"{JinjaValue.TypeOf(of)} has no such item");
        }
    }

    private JinjaDictionary Dictionary(JinjaExpression.Dictionary dictionary, JinjaScope scope)
    {
        var made = new JinjaDictionary();
        foreach (var (key, value) in dictionary.Items)
        {
            made[JinjaValue.Key(Evaluate(key, scope), _budget)] = Evaluate(value, scope);
        }

        return made;
    }

    private JinjaNamespace Namespace(JinjaArguments arguments)
    {
        new JinjaArguments(arguments.Positional, JinjaArguments.None.Named).Expect("namespace", ["attributes"]);
        var attributes = new Dictionary<string, object?>(arguments.Named);
        foreach (var (name, value) in arguments.Get(0, "", null) as JinjaDictionary ?? [])
        {
            attributes.TryAdd(_budget.Text(PythonText.Of(name, _budget)), value);
        }

        return new(attributes);
    }

    private List<object?> Range(JinjaArguments arguments)
    {
        arguments.Expect("range", ["start", "stop", "step"], byName: false);
        var (start, stop) = arguments.Positional.Count == 1 ? (0, arguments.Integer(0, "stop", 0))
            : (arguments.Integer(0, "start", 0), arguments.Integer(1, "stop", 0));
        var step = arguments.Integer(2, "step", 1);
        var count = step == 0 ? throw new JinjaException("the step of a range is zero")
            : Math.Max(0, Math.Ceiling(((double)stop - start) / step));
        _budget.Spend((long)Math.Min(count, 1e9));
        return [.. Enumerable.Range(0, (int)count).Select(i => (object?)(start + i * step))];
    }
}
