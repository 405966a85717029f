namespace BestOfN.Training.Loops;

/// <summary>What a training left to look at, interruptions included.</summary>
/// <param name="Losses">In the order of steps.</param>
/// <param name="Points">Measurements at checkpoints.</param>
/// <param name="StepsBefore">Steps that an earlier run had done.</param>
public sealed record TrainingHistory(IReadOnlyList<TrainingLoss> Losses, IReadOnlyList<TrainingPoint> Points, int StepsBefore = 0)
{
    /// <summary>Why the training ended before its last step; null: it did not.</summary>
    public string? Ending { get; init; }
}
