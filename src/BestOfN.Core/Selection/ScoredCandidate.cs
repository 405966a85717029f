using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;

namespace BestOfN.Core.Selection;

/// <summary>A candidate and what the reward model thinks of it.</summary>
/// <param name="Candidate">The answer.</param>
/// <param name="Score">Null if it was not judged.</param>
public sealed record ScoredCandidate(Candidate Candidate, CandidateScore? Score);
