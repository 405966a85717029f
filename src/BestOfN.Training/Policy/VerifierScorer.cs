namespace BestOfN.Training.Policy;

/// <summary>The checker of a world in place of a reward model: the upper bound, as a control.</summary>
internal sealed class VerifierScorer : IAnswerScorer
{
    public void Score(IReadOnlyList<RolloutGroup> groups, int step, CancellationToken cancellationToken)
    {
        foreach (var answer in groups.SelectMany(g => g.Answers))
        {
            answer.Score = answer.IsCorrect == true ? 1 : 0;
        }
    }
}
