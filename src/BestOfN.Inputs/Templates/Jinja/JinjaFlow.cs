namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>How the execution of statements went on.</summary>
internal enum JinjaFlow
{
    Next,
    Break,
    Continue,
}
