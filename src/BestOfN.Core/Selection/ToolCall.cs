namespace BestOfN.Core.Selection;

/// <summary>One call of a tool in a message.</summary>
/// <param name="Type"><c>function</c>, <c>custom</c>, or what the generator says.</param>
/// <param name="Name">The tool; empty where the generator names none.</param>
/// <param name="Input">What the tool is given: JSON for functions, any text for custom tools.</param>
public sealed record ToolCall(string Type, string Name, string Input)
{
    public const string Function = "function";
    public const string Custom = "custom";
}
