namespace BestOfN.Core.Rewards;

/// <summary>A reward: higher is better, unbounded, comparable only within one prompt and one reward model. Always finite.</summary>
public readonly record struct CandidateScore(double Value);
