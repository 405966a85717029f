namespace BestOfN.Training.Worlds;

/// <summary>What a problem asks for.</summary>
public enum ProblemFamily
{
    /// <summary>Which two of these numbers add up to a total?</summary>
    Pair,

    /// <summary>Which way leads from one place to another along one-way streets?</summary>
    Route,

    /// <summary>Which order satisfies these conditions?</summary>
    Order,
}
