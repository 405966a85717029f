using BestOfN.Training.Loops;

namespace BestOfN.Training.Recipes;

/// <summary>A generator trained from nothing to answer the questions of some worlds.</summary>
public sealed record GeneratorRecipe
{
    /// <summary>The worlds' names, drawn from in turn, one that is named twice twice as often: <c>pocket-text</c>, <c>pocket-image</c>, <c>pocket-video</c>.</summary>
    public required IReadOnlyList<string> Worlds { get; init; }

    /// <summary>Decides weights and problems; the same seed on the same machine gives the same model.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Most tokens of the vocabulary that is built first.</summary>
    public int VocabularySize { get; init; } = 512;

    public required DecoderShape Model { get; init; }

    /// <summary>The tower that sees pictures; null for worlds of text.</summary>
    public VisionShape? Vision { get; init; }

    public required Schedule Training { get; init; }

    /// <summary>Held-out problems of each world answered at every checkpoint.</summary>
    public int HeldOutProblems { get; init; } = 200;

    /// <summary>The model folder to write, relative to the working directory.</summary>
    public required string Output { get; init; }
}
