namespace BestOfN.Inputs.Templates.Jinja;

internal abstract record JinjaStatement(int Line)
{
    public sealed record Text(int Line, string Value) : JinjaStatement(Line);

    public sealed record Output(int Line, JinjaExpression Value) : JinjaStatement(Line);

    public sealed record If(int Line, IReadOnlyList<(JinjaExpression Condition, IReadOnlyList<JinjaStatement> Body)> Branches,
        IReadOnlyList<JinjaStatement> Otherwise)
        : JinjaStatement(Line);

    public sealed record For(int Line, IReadOnlyList<string> Targets, JinjaExpression Items, JinjaExpression? Condition,
        IReadOnlyList<JinjaStatement> Body, IReadOnlyList<JinjaStatement> Otherwise) : JinjaStatement(Line);

    /// <summary>Sets names, or the one attribute of a namespace.</summary>
    public sealed record Set(int Line, IReadOnlyList<string> Targets, string? Attribute, JinjaExpression Value) : JinjaStatement(Line);

    /// <summary>Sets a name to the rendered body, put through filters.</summary>
    public sealed record SetBlock(int Line, string Target, IReadOnlyList<(string Name, JinjaExpression.Arguments Arguments)> Filters,
        IReadOnlyList<JinjaStatement> Body)
        : JinjaStatement(Line);

    public sealed record Macro(
        int Line, string Name, IReadOnlyList<(string Name, JinjaExpression? Default)> Parameters, IReadOnlyList<JinjaStatement> Body)
        : JinjaStatement(Line);

    /// <summary>Rendered as it stands (<c>generation</c> marks what an assistant said; it prints nothing itself).</summary>
    public sealed record Group(int Line, IReadOnlyList<JinjaStatement> Body) : JinjaStatement(Line);

    public sealed record Break(int Line) : JinjaStatement(Line);

    public sealed record Continue(int Line) : JinjaStatement(Line);
}
