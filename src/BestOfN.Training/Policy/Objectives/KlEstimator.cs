namespace BestOfN.Training.Policy.Objectives;

/// <summary>Which estimate of KL(π ‖ reference) is taken from a token's d = ln π − ln reference.</summary>
public enum KlEstimator
{
    /// <summary>d. It belongs into the reward; in a loss its expected gradient is zero.</summary>
    K1,

    /// <summary>d² / 2. In a loss its expected gradient is that of KL(π ‖ reference).</summary>
    K2,

    /// <summary>exp(−d) − 1 + d. In a loss its expected gradient is that of KL(reference ‖ π).</summary>
    K3,
}
