namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>The one thing a template can change after making it.</summary>
internal sealed class JinjaNamespace(Dictionary<string, object?> attributes)
{
    public Dictionary<string, object?> Attributes { get; } = attributes;
}
