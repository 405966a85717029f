namespace BestOfN.Training.Recipes;

/// <summary>The beginning of a training, on a part of what is to be learned.</summary>
/// <remarks>
/// Some things are learned well alone and not at all among much else: a curriculum (Bengio et al. 2009,
/// https://doi.org/10.1145/1553374.1553380).
/// </remarks>
public sealed record CurriculumPhase
{
    /// <summary>Named as in <see cref="PocketRecipe.Worlds"/>.</summary>
    public required IReadOnlyList<string> Worlds { get; init; }

    /// <summary>The first so many steps of the schedule.</summary>
    public required int Steps { get; init; }
}
