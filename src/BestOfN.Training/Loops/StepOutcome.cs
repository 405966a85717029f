namespace BestOfN.Training.Loops;

/// <summary>Result of a step besides gradients.</summary>
/// <param name="Loss">In nats.</param>
/// <param name="Counts">Numbers by name; the loop sums them up from one checkpoint to the next.</param>
internal readonly record struct StepOutcome(double Loss, IReadOnlyDictionary<string, double>? Counts = null);
