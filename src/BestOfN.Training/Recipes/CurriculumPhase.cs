namespace BestOfN.Training.Recipes;

/// <summary>The beginning of a training, on a part of what is to be learned.</summary>
/// <remarks>Some of it is learned all at once or, among much else, not at all: a curriculum (Bengio et al. 2009, https://doi.org/10.1145/1553374.1553380).</remarks>
public sealed record CurriculumPhase
{
    /// <summary>As <see cref="PocketRewardRecipe.Worlds"/>.</summary>
    public required IReadOnlyList<string> Worlds { get; init; }

    /// <summary>Steps of the schedule that it takes.</summary>
    public required int Steps { get; init; }
}
