namespace BestOfN.Core.Prompts;

/// <summary>One part of a message, in the order in which the user put them.</summary>
public abstract record ContentPart;
