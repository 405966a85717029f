namespace BestOfN.Training.Loops;

/// <summary>What was seen at one checkpoint.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Loss">Mean training loss since the checkpoint before, in nats.</param>
/// <param name="HeldOut">Named measurements on held-out problems.</param>
/// <param name="Seconds">Time trained so far, interruptions not counted.</param>
public sealed record TrainingPoint(int Step, double Loss, IReadOnlyDictionary<string, double> HeldOut, double Seconds);
