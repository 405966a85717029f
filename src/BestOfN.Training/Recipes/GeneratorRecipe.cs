using System.Text.Json.Serialization;

namespace BestOfN.Training.Recipes;

/// <summary>A generator trained from nothing to answer the questions of some worlds.</summary>
public sealed record GeneratorRecipe : PocketRecipe
{
    /// <summary>Its <see cref="Recipe.Kind"/>.</summary>
    public const string Name = "generator";

    /// <summary>A file of instruction records to learn from in place of problems of the worlds: a JSON array or JSON lines, as
    /// <c>bestofn clean</c> reads and writes them; one question, at most one image, one answer each.</summary>
    /// <remarks>Vocabulary and held-out problems are the worlds' all the same.</remarks>
    public string? Corpus { get; init; }

    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public Schedule Training { get; init; } = DefaultSchedule;

    /// <summary>Held-out problems of each world answered at every checkpoint.</summary>
    public int HeldOutProblems { get; init; } = 200;

    private protected override void Check(RecipeMistakes mistakes)
    {
        base.Check(mistakes);
        Training.Check(mistakes, "training", needsSteps: true);
        if (Corpus is not null)
        {
            mistakes.File("corpus", Corpus);
        }

        mistakes.AtLeast(1, "held_out_problems", HeldOutProblems);
    }
}
