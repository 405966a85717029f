using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;

namespace BestOfN.Data.Evaluation;

/// <summary>An answer, what the reward model thinks of it, and what is true of it.</summary>
/// <param name="Text">The answer.</param>
/// <param name="Score">Its reward.</param>
/// <param name="IsCorrect">The truth.</param>
/// <param name="IsTruncated">It did not end by itself, so that the selection prefers any that did.</param>
/// <param name="SwappedScore">Its reward where the picture or video of another problem is shown; null for problems of text.</param>
/// <param name="IsPlausible">It could be right for all that the question says, so that only looking tells.</param>
public sealed record PooledAnswer(string Text, CandidateScore Score, bool IsCorrect,
    bool IsTruncated = false, CandidateScore? SwappedScore = null, bool IsPlausible = true)
{
    /// <summary>What a strategy is given: scores only if it asks for them, as in a request.</summary>
    internal ScoredCandidate ToScoredCandidate(int index, bool isJudged)
    {
        var candidate = new Candidate
        {
            Index = index,
            Text = Text,
            FinishReason = IsTruncated ? "length" : "stop",
            Usage = new(0, 0),
            Message = default,
        };
        return new(candidate, isJudged ? Score : null);
    }
}
