namespace BestOfN.Training.Policy.Objectives;

/// <summary>How far an update has moved from the policy that sampled, over tokens.</summary>
/// <param name="Tokens">How many tokens are counted.</param>
/// <param name="Low">Tokens that the lower bound cut off.</param>
/// <param name="High">Tokens that the upper bound cut off.</param>
/// <param name="Dual">Tokens that the dual bound cut off.</param>
/// <param name="RatioSum">Sum of the ratios.</param>
/// <param name="RatioMax">The largest ratio.</param>
/// <param name="K1">Sum of ln old − ln π.</param>
/// <param name="K3">Sum of ρ − 1 − ln ρ, the estimate k3 of KL(old ‖ π).</param>
internal readonly record struct ClipStatistics(
    int Tokens, int Low, int High, int Dual, double RatioSum, double RatioMax, double K1, double K3)
{
    /// <summary>Share of tokens without gradient because of the two bounds.</summary>
    public double ClippedShare => (Low + High) / (double)Math.Max(1, Tokens);

    /// <summary>Mean k3 of KL(old ‖ π), in nats per token.</summary>
    public double MeanK3 => K3 / Math.Max(1, Tokens);

    /// <param name="logp">ln π of each token.</param>
    /// <param name="old">ln old of each token.</param>
    /// <param name="advantages">One per token.</param>
    /// <param name="low">How far the ratio may fall.</param>
    /// <param name="high">How far the ratio may rise.</param>
    /// <param name="dual">Bound of the loss of a bad answer; null: none.</param>
    public static ClipStatistics Of(
        IReadOnlyList<double> logp, IReadOnlyList<double> old, IReadOnlyList<double> advantages, double low, double high, double? dual)
    {
        var sum = new ClipStatistics();
        for (var t = 0; t < logp.Count; t++)
        {
            var d = Math.Clamp(logp[t] - old[t], -20, 20);
            var (ratio, advantage) = (Math.Exp(d), advantages[t]);
            var isHigh = ratio > 1 + high && advantage > 0;
            var isLow = ratio < 1 - low && advantage < 0;
            var clipped = Math.Clamp(ratio, 1 - low, 1 + high);
            var isDual = dual is { } c && advantage < 0 && -Math.Min(ratio * advantage, clipped * advantage) > -c * advantage;
            sum += new ClipStatistics(1, isLow ? 1 : 0, isHigh ? 1 : 0, isDual ? 1 : 0, ratio, ratio, -d, ratio - 1 - d);
        }

        return sum;
    }

    public static ClipStatistics operator +(ClipStatistics a, ClipStatistics b) => new(
        a.Tokens + b.Tokens, a.Low + b.Low, a.High + b.High, a.Dual + b.Dual,
        a.RatioSum + b.RatioSum, Math.Max(a.RatioMax, b.RatioMax), a.K1 + b.K1, a.K3 + b.K3);
}
