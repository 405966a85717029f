namespace BestOfN.Core.Selection;

/// <summary>Where the time went.</summary>
/// <param name="Generation">From the request to the last candidate.</param>
/// <param name="Scoring">Spent in passes of the reward model; those made while candidates were still coming overlap the generation.</param>
/// <param name="Total">From the request to the choice.</param>
public sealed record SelectionTiming(TimeSpan Generation, TimeSpan Scoring, TimeSpan Total)
{
    /// <summary>From the request to the first piece of any candidate; null if none came.</summary>
    public TimeSpan? FirstToken { get; init; }
}
