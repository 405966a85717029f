namespace BestOfN.Inputs.Templates.Jinja;

internal abstract record JinjaExpression(int Line)
{
    public sealed record Literal(int Line, object? Value) : JinjaExpression(Line);

    public sealed record Name(int Line, string Text) : JinjaExpression(Line);

    public sealed record List(int Line, IReadOnlyList<JinjaExpression> Items, bool IsTuple) : JinjaExpression(Line);

    public sealed record Dictionary(int Line, IReadOnlyList<(JinjaExpression Key, JinjaExpression Value)> Items) : JinjaExpression(Line);

    public sealed record Unary(int Line, string Operator, JinjaExpression Operand) : JinjaExpression(Line);

    public sealed record Binary(int Line, string Operator, JinjaExpression Left, JinjaExpression Right) : JinjaExpression(Line);

    /// <summary>A chain such as <c>0 &lt; x &lt; 5</c>.</summary>
    public sealed record Comparison(int Line, JinjaExpression First, IReadOnlyList<(string Operator, JinjaExpression Operand)> Rest)
        : JinjaExpression(Line);

    public sealed record Conditional(int Line, JinjaExpression Condition, JinjaExpression Then, JinjaExpression? Otherwise)
        : JinjaExpression(Line);

    public sealed record Member(int Line, JinjaExpression Of, string Text) : JinjaExpression(Line);

    public sealed record Item(int Line, JinjaExpression Of, JinjaExpression Key) : JinjaExpression(Line);

    public sealed record Slice(int Line, JinjaExpression Of, JinjaExpression? Start, JinjaExpression? Stop, JinjaExpression? Step)
        : JinjaExpression(Line);

    public sealed record Call(int Line, JinjaExpression Callee, Arguments Given) : JinjaExpression(Line);

    public sealed record Filter(int Line, JinjaExpression Value, string Text, Arguments Given) : JinjaExpression(Line);

    public sealed record Test(int Line, JinjaExpression Value, string Text, Arguments Given, bool Negated) : JinjaExpression(Line);

    public sealed record Arguments(IReadOnlyList<JinjaExpression> Positional, IReadOnlyList<(string Name, JinjaExpression Value)> Named)
    {
        public static readonly Arguments None = new([], []);
    }
}
