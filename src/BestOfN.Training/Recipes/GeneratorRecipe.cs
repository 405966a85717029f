using System.Text.Json.Serialization;

namespace BestOfN.Training.Recipes;

/// <summary>A generator trained from nothing to answer the questions of some worlds.</summary>
public sealed record GeneratorRecipe : PocketRecipe
{
    /// <summary>Its <see cref="Recipe.Kind"/>.</summary>
    public const string Name = "generator";

    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public Schedule Training { get; init; } = DefaultSchedule;

    /// <summary>Held-out problems of each world answered at every checkpoint.</summary>
    public int HeldOutProblems { get; init; } = 200;

    private protected override void Check(RecipeMistakes mistakes)
    {
        base.Check(mistakes);
        Training.Check(mistakes, "training", needsSteps: true);
        mistakes.AtLeast(1, "held_out_problems", HeldOutProblems);
    }
}
