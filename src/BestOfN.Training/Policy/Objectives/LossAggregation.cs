namespace BestOfN.Training.Policy.Objectives;

/// <summary>How the losses of tokens become one number: it decides what long answers weigh.</summary>
public enum LossAggregation
{
    /// <summary>Sum over the number of tokens of the whole step.</summary>
    TokenMean,

    /// <summary>Mean over answers of the mean over tokens.</summary>
    SeqMeanTokenMean,

    /// <summary>Mean over answers of the sum over tokens.</summary>
    SeqMeanTokenSum,

    /// <summary>Sum over answers × the longest length.</summary>
    Constant,
}
