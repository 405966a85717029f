namespace BestOfN.Training.Pocket;

/// <summary>A prompt and the right answer to it.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Answer">Token ids, the end token included.</param>
internal sealed record TrainingExample(TrainingPrompt Prompt, IReadOnlyList<int> Answer);
