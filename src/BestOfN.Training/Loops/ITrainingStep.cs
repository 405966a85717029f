namespace BestOfN.Training.Loops;

/// <summary>One step of a training: what the loop repeats.</summary>
internal interface ITrainingStep
{
    /// <summary>Moves the weights.</summary>
    /// <param name="step">Counted from 0. The result depends on it, the weights, the optimizer and <see cref="Memory"/> alone.</param>
    /// <param name="learningRate">The rate that the schedule has for this step.</param>
    /// <param name="cancellationToken">Gives the step up before any weight was moved.</param>
    StepOutcome Run(int step, double learningRate, CancellationToken cancellationToken);

    /// <summary>Numbers that later steps depend on besides weights and optimizer; saved and restored with them.</summary>
    IDictionary<string, double> Memory { get; }

    /// <summary>Why the training ends after the last measurement, before its last step; null: it goes on. Depends on
    /// <see cref="Memory"/> alone.</summary>
    string? Ending { get; }
}
