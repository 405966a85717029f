using BestOfN.Data.Sampling;

namespace BestOfN.Training.Policy;

/// <summary>The scores of another scorer, exchanged among the answers of a group: nothing can be learned from them, as a control.</summary>
internal sealed class ShuffledScorer(IAnswerScorer scorer, ulong seed) : IAnswerScorer
{
    public void Score(IReadOnlyList<RolloutGroup> groups, int step, CancellationToken cancellationToken)
    {
        scorer.Score(groups, step, cancellationToken);
        foreach (var (i, group) in groups.Index())
        {
            var scores = group.Scores;
            new SplitMix64(seed, (ulong)step, (ulong)i).Shuffle<double>(scores);
            foreach (var (answer, score) in group.Answers.Zip(scores))
            {
                answer.Score = score;
            }
        }
    }
}
