namespace BestOfN.Core.Generation;

/// <summary>The candidate is lost; its siblings are not.</summary>
/// <param name="Index">Which candidate.</param>
/// <param name="Exception">Why.</param>
public sealed record CandidateFailed(int Index, GenerationFailedException Exception) : GenerationEvent(Index);
