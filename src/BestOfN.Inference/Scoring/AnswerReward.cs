namespace BestOfN.Inference.Scoring;

/// <summary>What the network says of one answer.</summary>
/// <param name="Score">Higher is better; finite.</param>
/// <param name="Steps">Rewards of its steps, 0..1, in order; empty where the model does not score steps.</param>
public sealed record AnswerReward(double Score, IReadOnlyList<double> Steps);
