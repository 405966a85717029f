namespace BestOfN.Training.Policy.Objectives;

/// <summary>Generalised advantage estimation over the tokens of answers.</summary>
/// <remarks>Source: Schulman et al. 2015, https://arxiv.org/abs/1506.02438.</remarks>
internal static class GeneralizedAdvantage
{
    /// <summary>δ_t = r_t + γ V_{t+1} − V_t; A_t = δ_t + γ λ A_{t+1}; R_t = A_t + V_t. Behind the last token V is 0.</summary>
    /// <param name="rewards">One per token of an answer.</param>
    /// <param name="values">What the critic expects before each token.</param>
    /// <param name="gamma">Discount of a token, in 0..1.</param>
    /// <param name="lambda">In 0..1; 1 takes the rewards as they came, 0 trusts the critic.</param>
    public static (double[] Advantages, double[] Returns) Of(
        IReadOnlyList<double> rewards, IReadOnlyList<double> values, double gamma, double lambda)
    {
        var (advantages, returns) = (new double[rewards.Count], new double[rewards.Count]);
        var (next, nextValue) = (0.0, 0.0);
        for (var t = rewards.Count - 1; t >= 0; t--)
        {
            next = rewards[t] + (gamma * nextValue) - values[t] + (gamma * lambda * next);
            nextValue = values[t];
            (advantages[t], returns[t]) = (next, next + values[t]);
        }

        return (advantages, returns);
    }

    /// <summary>Advantages of a batch with mean 0 and variance 1.</summary>
    /// <param name="advantages">One row per answer.</param>
    /// <param name="isUnbiased">The variance is divided by n − 1; else by n.</param>
    public static double[][] Whitened(IReadOnlyList<double[]> advantages, bool isUnbiased = true)
    {
        var (mean, variance) = Moments.Of(advantages.SelectMany(a => a), isUnbiased);
        var scale = 1 / Math.Sqrt(variance + 1e-8);
        return [.. advantages.Select(row => row.Select(a => (a - mean) * scale).ToArray())];
    }
}
