namespace BestOfN.Training.Loops;

/// <summary>A training was asked to stop and saved what it had done. The message says where it goes on.</summary>
public sealed class TrainingStoppedException : OperationCanceledException
{
    /// <param name="phase">What was being done.</param>
    /// <param name="done">Steps that are saved.</param>
    /// <param name="total">Steps in all.</param>
    /// <param name="cancellationToken">Asked to stop.</param>
    public TrainingStoppedException(string phase, int done, int total, CancellationToken cancellationToken)
        : base($"{phase}: saved at step {done} of {total}; the same command goes on from there", cancellationToken) { }
}
