namespace BestOfN.Training.Loops;

/// <summary>
/// Where the gradient of a step comes from, such as a batch computed in parallel parts, or a large network layer by layer.
/// </summary>
internal interface IGradient
{
    /// <summary>Adds the gradient of a step's loss to what the trained weights have in <c>grad</c>.</summary>
    /// <param name="step">Counted from 0. The result depends on it and on the weights alone, so that a resumed training sees the same
    /// data.</param>
    /// <param name="cancellationToken">Gives the step up.</param>
    StepOutcome Add(int step, CancellationToken cancellationToken);
}
