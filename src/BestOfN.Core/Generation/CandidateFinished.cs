namespace BestOfN.Core.Generation;

/// <summary>The candidate is complete.</summary>
public sealed record CandidateFinished(Candidate Candidate) : GenerationEvent(Candidate.Index);
