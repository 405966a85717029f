namespace BestOfN.Training.Recipes;

/// <summary>The critic of PPO: a value for every token of an answer.</summary>
public sealed record PolicyCritic
{
    /// <summary>Folder of a reward model with one linear head, which the critic starts from.</summary>
    public required string Model { get; init; }

    public double LearningRate { get; init; } = 5e-5;

    /// <summary>First steps in which the critic alone is trained.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Discount of a token; 1 for short answers with one reward at the end.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>The paper's beta.</summary>
    public double Lambda { get; init; } = 0.95;

    /// <summary>How far a value may move in a step; null: any way.</summary>
    public double? Clip { get; init; } = 0.2;

    internal void Check(RecipeMistakes mistakes)
    {
        mistakes.Folder("critic.model", PolicyRecipe.Folder(Model), Model);
        mistakes.Expect(LearningRate is > 0 and < 10, "critic.learning_rate", "a number above 0 and below 10", LearningRate);
        mistakes.AtLeast(0, "critic.warmup_steps", WarmupSteps);
        mistakes.Expect(Gamma is > 0 and <= 1, "critic.gamma", "a number in 0..1, above 0", Gamma);
        mistakes.Expect(Lambda is >= 0 and <= 1, "critic.lambda", "a number in 0..1", Lambda);
        mistakes.Expect(Clip is null or > 0, "critic.clip", "a number above 0, or nothing", Clip);
    }
}
