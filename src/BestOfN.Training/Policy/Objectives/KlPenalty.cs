using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Training.Policy.Objectives;

/// <summary>Estimates of the Kullback-Leibler divergence from single tokens.</summary>
/// <remarks>Source: Schulman 2020, http://joschu.net/blog/kl-approx.html.</remarks>
internal static class KlPenalty
{
    private const double DifferenceLimit = 20;
    private const double EstimateLimit = 10;
    private static readonly TorchSharp.Scalar s_half = 0.5, s_minusOne = -1;
    private static readonly TorchSharp.Scalar s_least = -DifferenceLimit, s_most = DifferenceLimit;
    private static readonly TorchSharp.Scalar s_lowest = -EstimateLimit, s_highest = EstimateLimit;

    /// <param name="logp">ln π of each token, in nats.</param>
    /// <param name="reference">ln reference of each token; the same shape.</param>
    /// <param name="estimator">The estimate.</param>
    /// <param name="isClamped">Only for k3: d is held within ±20 and k3 within ±10, against overflow.</param>
    /// <returns>The shape of <paramref name="logp"/>, owned by the caller's dispose scope.</returns>
    public static Tensor Of(Tensor logp, Tensor reference, KlEstimator estimator, bool isClamped = false)
    {
        using var scope = NewDisposeScope();
        var d = logp - reference;
        var result = estimator switch
        {
            KlEstimator.K1 => d,
            KlEstimator.K2 => d * d * s_half,
            _ => K3(isClamped ? d.clamp(s_least, s_most) : d, isClamped),
        };
        return result.MoveToOuterDisposeScope();
    }

    private static Tensor K3(Tensor d, bool isClamped)
    {
        var value = d.neg().exp().add(s_minusOne, HeldScalar.One).add(d, HeldScalar.One);
        return isClamped ? value.clamp(s_lowest, s_highest) : value;
    }
}
