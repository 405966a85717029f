using BestOfN.Training.Pocket;

namespace BestOfN.Training.Policy;

/// <summary>A prompt with the answers that are trained on. With pairs they are the better and the worse one.</summary>
/// <param name="Prompt">As the policy reads it.</param>
/// <param name="Seen">As the critic reads it; null where there is none.</param>
/// <param name="Answers">At least one.</param>
internal sealed record TrainedGroup(TrainingPrompt Prompt, TrainingPrompt? Seen, IReadOnlyList<TrainedAnswer> Answers)
{
    public AnswerTokens ForPolicy => new(Prompt, [.. Answers.Select(a => a.Tokens)]);

    public AnswerTokens ForCritic => new(Seen!, [.. Answers.Select(a => a.Tokens)]);
}
