namespace BestOfN.Training.Loops;

/// <summary>Measures a model at a checkpoint, without gradients.</summary>
/// <param name="counted">Sums of <see cref="StepOutcome.Counts"/> since the checkpoint before.</param>
/// <param name="cancellationToken">Gives the measurement up.</param>
/// <returns>Measurements by name.</returns>
internal delegate IReadOnlyDictionary<string, double> Measurement(
    IReadOnlyDictionary<string, double> counted, CancellationToken cancellationToken);
