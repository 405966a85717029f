namespace BestOfN.Core.Prompts;

/// <summary>Text as the sender wrote it: not trimmed, not normalised.</summary>
public sealed record TextPart(string Text) : ContentPart;
