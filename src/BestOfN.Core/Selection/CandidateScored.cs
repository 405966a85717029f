using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;

namespace BestOfN.Core.Selection;

/// <summary>The reward model has judged the candidate, which has finished before.</summary>
/// <param name="Index">Which candidate.</param>
/// <param name="Score">What it was judged to be worth.</param>
public sealed record CandidateScored(int Index, CandidateScore Score) : GenerationEvent(Index);
