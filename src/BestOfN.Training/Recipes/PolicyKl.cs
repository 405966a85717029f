using BestOfN.Training.Policy.Objectives;

namespace BestOfN.Training.Recipes;

/// <summary>How the policy is kept near its reference.</summary>
public sealed record PolicyKl
{
    /// <summary>Coefficient; 0: the divergence is measured only.</summary>
    public double Beta { get; init; }

    /// <summary><c>loss</c>, or <c>reward</c> (k1 at every token with a critic, else its sum taken off the score).</summary>
    public string Place { get; init; } = "loss";

    /// <summary><c>k2</c> or <c>k3</c>: the estimate in the loss. k1 has no gradient there and is not accepted.</summary>
    public string Estimator { get; init; } = "k2";

    /// <summary>Wanted divergence in nats per answer, towards which <see cref="Beta"/> is moved; null: it stays.</summary>
    public double? Target { get; init; }

    /// <summary>Answers over which the coefficient moves by at most a fifth.</summary>
    public double Horizon { get; init; } = 10_000;

    internal KlEstimator ParsedEstimator => Estimator == "k3" ? KlEstimator.K3 : KlEstimator.K2;

    internal bool IsInLoss => Place == "loss";

    internal void Check(RecipeMistakes mistakes, string field = "kl")
    {
        mistakes.Expect(Beta is >= 0 and < 1e3, $"{field}.beta", "0 or more", Beta);
        mistakes.Expect(Place is "loss" or "reward", $"{field}.place", "loss or reward", Place);
        mistakes.Expect(Estimator is "k2" or "k3", $"{field}.estimator", "k2 or k3", Estimator);
        mistakes.Expect(Target is null or > 0, $"{field}.target", "a number above 0, or nothing", Target);
        mistakes.Expect(Horizon > 0, $"{field}.horizon", "a number above 0", Horizon);
    }
}
