namespace BestOfN.Training.Loops;

/// <summary>How far a training is.</summary>
/// <param name="Phase">Name of the phase, in a word or two.</param>
/// <param name="Step">Steps done of <paramref name="Steps"/>.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Loss of the last step in nats; NaN where there is none.</param>
/// <param name="PerSecond">Examples per second.</param>
public readonly record struct TrainingProgress(string Phase, int Step, int Steps, double Loss, double PerSecond);
