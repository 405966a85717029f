namespace BestOfN.Core.Selection;

/// <summary>How the making of candidates ended. What became of each is in its <see cref="CandidateSlot"/>.</summary>
/// <param name="End">Why no more candidates come.</param>
/// <param name="Time">From the request to this end.</param>
/// <param name="FirstToken">From the request to the first piece of any candidate; null if none came.</param>
internal sealed record GenerationOutcome(GenerationEnd End, TimeSpan Time, TimeSpan? FirstToken);
