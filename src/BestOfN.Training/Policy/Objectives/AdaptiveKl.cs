namespace BestOfN.Training.Policy.Objectives;

/// <summary>Raises the coefficient of the KL penalty where the policy is farther from its reference than wanted; lowers it else.</summary>
/// <remarks>Ziegler et al. 2019, https://arxiv.org/abs/1909.08593: β ← β (1 + clip(KL / target − 1, ±0.2) n / horizon).</remarks>
internal static class AdaptiveKl
{
    /// <param name="beta">The coefficient so far.</param>
    /// <param name="kl">Measured, in nats per answer.</param>
    /// <param name="target">Wanted, in nats per answer.</param>
    /// <param name="answers">Answers of the step.</param>
    /// <param name="horizon">Answers over which the coefficient moves by at most a fifth.</param>
    public static double Next(double beta, double kl, double target, int answers, double horizon) =>
        beta * (1 + (Math.Clamp((kl / target) - 1, -0.2, 0.2) * answers / horizon));

    /// <summary>Whether an update is not to be made any more because the policy has moved too far within the step.</summary>
    /// <param name="meanK3">Mean k3 of KL(old ‖ π) of the part that is next, in nats per token.</param>
    /// <param name="target">Wanted; null: no limit.</param>
    /// <param name="factor">How many times the target is too far.</param>
    public static bool IsTooFar(double meanK3, double? target, double factor = 1.5) => target is { } t && meanK3 > factor * t;
}
