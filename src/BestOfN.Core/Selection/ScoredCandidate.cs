using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;

namespace BestOfN.Core.Selection;

/// <summary>A candidate and what the reward model thinks of it.</summary>
/// <param name="Candidate">The answer.</param>
/// <param name="Score">Null if it was not judged.</param>
public sealed record ScoredCandidate(Candidate Candidate, CandidateScore? Score)
{
    /// <summary>The form in which votes are counted: two candidates with the same key gave the same answer.</summary>
    public string Key { get => field ??= AnswerKey.Of(Candidate); init; }
}
