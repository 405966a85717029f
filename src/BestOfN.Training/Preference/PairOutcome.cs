namespace BestOfN.Training.Preference;

/// <summary>What a pass over some pairs gave.</summary>
/// <param name="Loss">Sum over the pairs of −log σ(r⁺ − r⁻), in nats.</param>
/// <param name="Rewards">Chosen, rejected, chosen, rejected.</param>
internal sealed record PairOutcome(double Loss, IReadOnlyList<float> Rewards)
{
    /// <summary>Pairs whose chosen answer has the higher reward; equal ones do not count.</summary>
    public int Right => Enumerable.Range(0, Rewards.Count / 2).Count(i => Rewards[2 * i] > Rewards[(2 * i) + 1]);
}
