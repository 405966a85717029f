namespace BestOfN.Training.Policy;

/// <summary>Where the reward of answers comes from: a reward model in process or elsewhere, or a control.</summary>
internal interface IAnswerScorer
{
    /// <summary>Sets the score of every answer; NaN where there is none.</summary>
    /// <param name="groups">Prompts with their answers.</param>
    /// <param name="step">Names the call; equal calls give equal scores.</param>
    /// <param name="cancellationToken">Gives the scoring up.</param>
    void Score(IReadOnlyList<RolloutGroup> groups, int step, CancellationToken cancellationToken);
}
