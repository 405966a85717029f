using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;

namespace BestOfN.Data.Evaluation;

/// <summary>An answer with its reward and whether it is correct.</summary>
/// <param name="Text">The answer.</param>
/// <param name="Score">Its reward.</param>
/// <param name="IsCorrect">Whether it is correct, as the world checks it.</param>
/// <param name="IsTruncated">It was cut off, so that the selection prefers every complete answer.</param>
/// <param name="SwappedScore">Its reward where the picture or video of another problem is shown; null for problems of text.</param>
/// <param name="IsPlausible">It could be correct as far as the question alone says; only the image tells.</param>
public sealed record PooledAnswer(string Text, CandidateScore Score, bool IsCorrect,
    bool IsTruncated = false, CandidateScore? SwappedScore = null, bool IsPlausible = true)
{
    /// <summary>The candidate as a strategy gets it in a request: with a score only if the strategy needs scores.</summary>
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
