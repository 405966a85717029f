namespace BestOfN.Training.Policy;

/// <summary>What the updates of a step did, all together.</summary>
/// <param name="Updates">How many were applied.</param>
/// <param name="LossSum">Sum of their losses.</param>
/// <param name="NormSum">Sum of their gradients' norms before scaling.</param>
/// <param name="Seen">What was seen of their tokens.</param>
internal readonly record struct UpdateOutcome(int Updates, double LossSum, double NormSum, UpdateStatistics Seen)
{
    public double Loss => LossSum / Math.Max(1, Updates);

    public double GradientNorm => NormSum / Math.Max(1, Updates);

    public UpdateOutcome With(double loss, UpdateStatistics seen, double norm) =>
        new(Updates + 1, LossSum + loss, NormSum + norm, Seen + seen);
}
