namespace BestOfN.Training.Loops;

/// <summary>The mean loss, in nats, of the steps since the entry before.</summary>
public readonly record struct TrainingLoss(int Step, double Loss);
