namespace BestOfN.Core.Prompts;

/// <summary>One part of a message, in the order in which the user put them.</summary>
public abstract record ContentPart
{
    /// <summary>
    /// Where it came from, to be named where something is wrong with it: a field of a request, a file. Null where it is not known.
    /// </summary>
    public string? Source { get; init; }
}
