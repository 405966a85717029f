namespace BestOfN.Training.Recipes;

/// <summary>How the generator's answers become pairs of a better and a worse one.</summary>
public sealed record PairSampling
{
    /// <summary>Training problems to sample answers for; those whose answers are all right or all wrong give no pair.</summary>
    public required int Problems { get; init; }

    /// <summary>Answers drawn per problem; equal ones count once.</summary>
    public int AnswersPerProblem { get; init; } = 8;

    public double Temperature { get; init; } = 1;

    /// <summary>A pair is dropped where the better answer has more than this many times the tokens of the worse.</summary>
    /// <remarks>Else the model would learn that long answers are good.</remarks>
    public double MaxLengthRatio { get; init; } = 1.5;

    /// <summary>Held-out problems whose pairs are measured at every checkpoint.</summary>
    public int HeldOutProblems { get; init; } = 500;
}
