namespace BestOfN.Models.Templates;

/// <summary>A piece of a rendered conversation: a special token of the template, or text.</summary>
public readonly record struct TemplateSegment(string Text, bool IsSpecial);
