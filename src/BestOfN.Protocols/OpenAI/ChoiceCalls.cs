namespace BestOfN.Protocols.OpenAI;

/// <summary>How N candidates are asked for.</summary>
public enum ChoiceCalls
{
    /// <summary>
    /// By <c>n</c> in one call; where the upstream refuses or ignores it, by as many calls as it takes, and that is remembered.
    /// </summary>
    Auto,

    /// <summary>By <c>n</c> in one call, always.</summary>
    SingleCall,

    /// <summary>By one call for each candidate, always.</summary>
    MultipleCalls,
}
