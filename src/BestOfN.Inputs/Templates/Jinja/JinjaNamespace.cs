namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>The only value that a template can change after creating it.</summary>
internal sealed class JinjaNamespace(Dictionary<string, object?> attributes)
{
    public Dictionary<string, object?> Attributes { get; } = attributes;
}
