using BestOfN.Training.Loops;

namespace BestOfN.Training.Recipes;

/// <summary>A reward model trained as its paper describes, −log σ(r⁺ − r⁻) on pairs that the generator made, after it has learned to find flaws in guesses.</summary>
public sealed record PocketRewardRecipe
{
    /// <summary>The worlds' names, drawn from in turn, one that is named twice twice as often: <c>pocket-text</c>, <c>pocket-image</c>, <c>pocket-video</c>, or a family of one: <c>pocket-text/route</c>.</summary>
    public required IReadOnlyList<string> Worlds { get; init; }

    /// <summary>What flaws are learned to be found in before all else, alone; null: there is no such lesson.</summary>
    public CurriculumPhase? CurriculumPhase { get; init; }

    /// <summary>Decides weights, problems and samples.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Folder of the generator whose answers are compared: from the working directory on or, where it is not there, from the program's folder, in which shipped models lie.</summary>
    public required string Generator { get; init; }

    internal string GeneratorFolder => Directory.Exists(Generator) ? Generator : Path.Combine(AppContext.BaseDirectory, Generator);

    /// <summary>Most tokens of the vocabulary that is built first.</summary>
    public int VocabularySize { get; init; } = 512;

    public required DecoderShape Model { get; init; }

    /// <summary>The tower that sees pictures; null for worlds of text.</summary>
    public VisionShape? Vision { get; init; }

    /// <summary>Finding the flaws of guessed answers token by token, from nothing.</summary>
    public required Schedule Flaws { get; init; }

    /// <summary>Answers to each problem of that phase, one of them right; half as many, rounded up, to each of several problems about one picture.</summary>
    public int GuessesPerProblem { get; init; } = 6;

    public required PairSampling Pairs { get; init; }

    /// <summary>Ranking the generator's own answers.</summary>
    public required Schedule Training { get; init; }

    /// <summary>The model folder to write, relative to the working directory.</summary>
    public required string Output { get; init; }
}
