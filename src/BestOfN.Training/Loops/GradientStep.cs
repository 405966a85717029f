using BestOfN.Training.Optimizers;

namespace BestOfN.Training.Loops;

/// <summary>A step that is one gradient and one update.</summary>
/// <param name="phase">What messages call the training.</param>
/// <param name="optimizer">Moves the weights; the caller owns it.</param>
/// <param name="gradient">Says in which direction.</param>
/// <param name="gradientNorm">Larger gradients are scaled down to this 2-norm.</param>
internal sealed class GradientStep(string phase, IOptimizer optimizer, IGradient gradient, double gradientNorm) : ITrainingStep
{
    public IDictionary<string, double> Memory { get; } = new Dictionary<string, double>();

    public string? Ending => null;

    public StepOutcome Run(int step, double learningRate, CancellationToken cancellationToken)
    {
        var outcome = gradient.Add(step, cancellationToken);
        if (!double.IsFinite(outcome.Loss))
        {
            throw new InvalidOperationException($"{phase}: the loss of step {step} is {outcome.Loss}; lower the learning rate.");
        }

        optimizer.Step(learningRate, gradientNorm);
        return outcome;
    }
}
