namespace BestOfN.Inference.Scoring;

/// <summary>How the rewards of an answer's steps, probabilities in 0..1, become its score.</summary>
public enum StepAggregation
{
    /// <summary>The reward of the last step.</summary>
    Last,

    /// <summary>An answer is as good as its worst step.</summary>
    Min,

    /// <summary>All steps are right at once.</summary>
    Product,
}
