using BestOfN.Training.Policy.Objectives;

namespace BestOfN.Training.Policy;

/// <summary>Sums over the tokens of an update, collected while its loss is computed.</summary>
/// <param name="Tokens">How many.</param>
/// <param name="Entropy">Sum over tokens, in nats.</param>
/// <param name="RolloutGap">Sum of |ln p of the training − ln p of the rollout|, in nats; of first updates only.</param>
/// <param name="Clip">How far the policy has moved.</param>
internal readonly record struct UpdateStatistics(int Tokens, double Entropy, double RolloutGap, ClipStatistics Clip)
{
    public static UpdateStatistics operator +(UpdateStatistics a, UpdateStatistics b) =>
        new(a.Tokens + b.Tokens, a.Entropy + b.Entropy, a.RolloutGap + b.RolloutGap, a.Clip + b.Clip);
}
