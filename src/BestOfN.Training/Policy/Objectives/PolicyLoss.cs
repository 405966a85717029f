using static TorchSharp.torch;

namespace BestOfN.Training.Policy.Objectives;

/// <summary>Losses of single tokens, in nats times advantage, before they are aggregated. Tokens of all answers stand in a row.</summary>
internal static class PolicyLoss
{
    private const double RatioLimit = 20;
    private static readonly TorchSharp.Scalar s_zero = 0, s_least = -RatioLimit, s_most = RatioLimit;

    /// <summary>π(token) / old(token), the logarithm held within ±20.</summary>
    public static Tensor Ratio(Tensor logp, Tensor old)
    {
        using var scope = NewDisposeScope();
        return (logp - old).clamp(s_least, s_most).exp().MoveToOuterDisposeScope();
    }

    /// <summary>−min(ρ A, clip(ρ, 1 − low, 1 + high) A), and at most −dual A where A is negative.</summary>
    /// <remarks>
    /// Schulman et al. 2017, https://arxiv.org/abs/1707.06347; separate bounds: Yu et al. 2025, https://arxiv.org/abs/2503.14476; the
    /// dual bound: Ye et al. 2019, https://arxiv.org/abs/1912.09729.
    /// </remarks>
    /// <param name="logp">ln π, [N], with gradients.</param>
    /// <param name="old">Under the policy that sampled, [N].</param>
    /// <param name="advantages">[N].</param>
    /// <param name="low">How far the ratio may fall.</param>
    /// <param name="high">How far the ratio may rise.</param>
    /// <param name="dual">Bound of the loss of a bad answer; null: none.</param>
    /// <returns>[N], owned by the caller's dispose scope.</returns>
    public static Tensor Clipped(Tensor logp, Tensor old, Tensor advantages, double low, double high, double? dual)
    {
        using var scope = NewDisposeScope();
        using TorchSharp.Scalar least = 1 - low, most = 1 + high;
        var ratio = Ratio(logp, old);
        var loss = minimum(ratio * advantages, ratio.clamp(least, most) * advantages).neg();
        if (dual is { } c)
        {
            using TorchSharp.Scalar bound = -c;
            loss = where(advantages.lt(s_zero), minimum(loss, advantages * bound), loss);
        }

        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>One ratio per answer: exp of the mean of ln π − ln old over its tokens.</summary>
    /// <param name="logp">[N].</param>
    /// <param name="old">[N].</param>
    /// <param name="lengths">Tokens of each answer; none is 0.</param>
    /// <returns>[answers], owned by the caller's dispose scope.</returns>
    public static Tensor SequenceRatio(Tensor logp, Tensor old, IReadOnlyList<int> lengths)
    {
        using var scope = NewDisposeScope();
        var means = (logp - old).split([.. lengths.Select(l => (long)l)], 0).Select(answer => answer.mean());
        return stack(means).clamp(s_least, s_most).exp().MoveToOuterDisposeScope();
    }

    /// <summary>The clipped loss of one ratio per answer.</summary>
    /// <remarks>Zheng et al. 2025 (GSPO), https://arxiv.org/abs/2507.18071.</remarks>
    /// <returns>[answers], owned by the caller's dispose scope; the loss is its mean.</returns>
    public static Tensor OfSequences(
        Tensor logp, Tensor old, Tensor advantages, IReadOnlyList<int> lengths, double low, double high)
    {
        using var scope = NewDisposeScope();
        using TorchSharp.Scalar least = 1 - low, most = 1 + high;
        var ratio = SequenceRatio(logp, old, lengths);
        return minimum(ratio * advantages, ratio.clamp(least, most) * advantages).neg().MoveToOuterDisposeScope();
    }

    /// <summary>−sg(min(ρ, cap)) A ln π.</summary>
    /// <remarks>MiniMax 2025 (CISPO), https://arxiv.org/abs/2506.13585.</remarks>
    /// <returns>[N], owned by the caller's dispose scope.</returns>
    public static Tensor ClippedWeight(Tensor logp, Tensor old, Tensor advantages, double cap)
    {
        using var scope = NewDisposeScope();
        using TorchSharp.Scalar most = cap;
        return (Ratio(logp, old).clamp_max(most).detach() * advantages * logp).neg().MoveToOuterDisposeScope();
    }
}
