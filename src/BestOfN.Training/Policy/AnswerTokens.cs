using BestOfN.Training.Pocket;

namespace BestOfN.Training.Policy;

/// <summary>A prompt and answers to it, as token ids.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Answers">Each with its end token, where it has one; none is empty.</param>
internal sealed record AnswerTokens(TrainingPrompt Prompt, IReadOnlyList<IReadOnlyList<int>> Answers)
{
    /// <summary>Tokens that a pass computes.</summary>
    public int Length => Prompt.Count + Answers.Sum(a => a.Count);
}
