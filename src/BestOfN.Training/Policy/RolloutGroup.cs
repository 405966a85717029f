using BestOfN.Training.Pocket;

namespace BestOfN.Training.Policy;

/// <summary>A prompt with the answers that the policy gave to it.</summary>
internal sealed record RolloutGroup(PolicyPrompt Source, TrainingPrompt Prompt, IReadOnlyList<RolloutAnswer> Answers)
{
    public double[] Scores => [.. Answers.Select(a => a.Score)];
}
