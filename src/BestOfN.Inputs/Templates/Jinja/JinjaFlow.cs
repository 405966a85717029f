namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Why the execution of a list of statements ended.</summary>
internal enum JinjaFlow
{
    Next,
    Break,
    Continue,
}
