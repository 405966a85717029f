namespace BestOfN.Training.Policy;

/// <summary>An answer that the policy gave.</summary>
/// <param name="Tokens">Its ids, the end token included where there is one; not empty.</param>
/// <param name="Text">What the reward model reads.</param>
/// <param name="IsFinished">It ended by itself.</param>
/// <param name="Logprobs">ln p of every token, as the rollout computed it.</param>
/// <param name="IsCorrect">What the checker says; null where there is none. Never trained on, except by the verifier as a control.</param>
internal sealed record RolloutAnswer(
    IReadOnlyList<int> Tokens, string Text, bool IsFinished, IReadOnlyList<double> Logprobs, bool? IsCorrect)
{
    /// <summary>What the reward model says; NaN where it failed.</summary>
    public double Score { get; set; } = double.NaN;
}
