namespace BestOfN.Data.Samples;

/// <summary>Forms in which preference pairs are written. All of them are read back by <c>train reward</c>.</summary>
public enum PairFormat
{
    /// <summary>TRL, conversational with an explicit prompt: JSON lines with <c>prompt</c>, <c>chosen</c>, <c>rejected</c> as lists of
    /// messages and <c>images</c> as paths.</summary>
    Trl,

    /// <summary>OpenRLHF: JSON lines with whole conversations in <c>chosen</c> and <c>rejected</c>, and <c>margin</c>.
    /// Text alone.</summary>
    OpenRlhf,

    /// <summary>The trainer released with IXC-2.5-Reward: a JSON list with <c>image</c>, <c>conversations_a</c> (chosen) and
    /// <c>conversations_b</c> (rejected).</summary>
    Ixc,
}
