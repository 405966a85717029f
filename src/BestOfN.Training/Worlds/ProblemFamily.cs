namespace BestOfN.Training.Worlds;

/// <summary>What a problem asks for.</summary>
public enum ProblemFamily
{
    /// <summary>Which two of these numbers add up to a total?</summary>
    Pair,

    /// <summary>Which signs between these numbers make a target?</summary>
    Target,

    /// <summary>Which order satisfies these constraints?</summary>
    Order,
}
