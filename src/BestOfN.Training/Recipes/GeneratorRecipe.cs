using BestOfN.Training.Optimization;

namespace BestOfN.Training.Recipes;

/// <summary>A generator trained from nothing to answer the questions of a world.</summary>
public sealed record GeneratorRecipe
{
    /// <summary>The world's name: <c>pocket-text</c>.</summary>
    public required string World { get; init; }

    /// <summary>Decides weights and problems; the same seed on the same machine gives the same model.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Tokens of the vocabulary that is built first.</summary>
    public int VocabularySize { get; init; } = 512;

    public required DecoderShape Model { get; init; }

    public required TrainingSchedule Training { get; init; }

    /// <summary>Held-out problems answered greedily at every checkpoint.</summary>
    public int HeldOutProblems { get; init; } = 300;

    /// <summary>The model folder to write, relative to the working directory.</summary>
    public required string Output { get; init; }
}
