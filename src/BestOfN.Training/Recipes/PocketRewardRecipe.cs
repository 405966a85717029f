using System.Text.Json.Serialization;

namespace BestOfN.Training.Recipes;

/// <summary>
/// A small reward model: first it learns to tell right from wrong token by token, then to rank the answers of a generator.
/// </summary>
public sealed record PocketRewardRecipe : PocketRecipe
{
    /// <summary>Its <see cref="Recipe.Kind"/>.</summary>
    public const string Name = "pocket-reward";

    /// <summary>First phase of the process supervision, on fewer worlds; null: all worlds from the first step.</summary>
    public CurriculumPhase? CurriculumPhase { get; init; }

    /// <summary>Folder of the generator whose answers are compared.</summary>
    /// <remarks>Looked for in the working directory first, then beside the program, where the models lie that come with it.</remarks>
    public required string Generator { get; init; }

    internal string GeneratorFolder => Directory.Exists(Generator) ? Generator : Path.Combine(AppContext.BaseDirectory, Generator);

    /// <summary>How long and how fast to learn from a label for every token of guessed answers.</summary>
    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public Schedule ProcessSupervision { get; init; } = DefaultSchedule;

    /// <summary>
    /// Answers to each problem in process supervision, one of them right; half as many, rounded up, to each of several problems about one
    /// image.
    /// </summary>
    public int GuessesPerProblem { get; init; } = 6;

    public required PairSampling Pairs { get; init; }

    /// <summary>How long and how fast to learn from pairs of the generator's own answers.</summary>
    [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
    public Schedule Training { get; init; } = DefaultSchedule;

    private protected override void Check(RecipeMistakes mistakes)
    {
        base.Check(mistakes);
        if (CurriculumPhase is { Steps: > 0 } phase)
        {
            CheckWorlds(mistakes, "curriculum_phase.worlds", phase.Worlds);
        }

        mistakes.Folder("generator", GeneratorFolder, Generator);
        ProcessSupervision.Check(mistakes, "process_supervision", needsSteps: true);
        Training.Check(mistakes, "training", needsSteps: true);
        mistakes.AtLeast(2, "guesses_per_problem", GuessesPerProblem);
        mistakes.AtLeast(1, "pairs.problems", Pairs.Problems);
        mistakes.AtLeast(2, "pairs.answers_per_problem", Pairs.AnswersPerProblem);
        mistakes.AtLeast(1, "pairs.held_out_problems", Pairs.HeldOutProblems);
        mistakes.Expect(Pairs.Temperature is >= 0 and < 1e3, "pairs.temperature", "0 or more", Pairs.Temperature);
        mistakes.Expect(Pairs.MaxLengthRatio > 0, "pairs.max_length_ratio", "a number above 0", Pairs.MaxLengthRatio);
    }
}
