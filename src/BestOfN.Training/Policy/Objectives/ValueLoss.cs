using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Training.Policy.Objectives;

/// <summary>How far a critic is from the returns, in squared units of reward.</summary>
internal static class ValueLoss
{
    private static readonly TorchSharp.Scalar s_half = 0.5;

    /// <summary>½ max((V − R)², (V held within V_old ± clip − R)²) for each token.</summary>
    /// <param name="values">V, [N], with gradients.</param>
    /// <param name="old">V when the answers were sampled, [N].</param>
    /// <param name="returns">R, [N].</param>
    /// <param name="clip">How far V may move; null: any way.</param>
    /// <returns>[N], owned by the caller's dispose scope; the loss is its mean.</returns>
    public static Tensor Of(Tensor values, Tensor old, Tensor returns, double? clip)
    {
        using var scope = NewDisposeScope();
        var error = values - returns;
        var squares = error * error;
        if (clip is { } range)
        {
            using TorchSharp.Scalar least = -range, most = range;
            var held = old.add((values - old).clamp(least, most), HeldScalar.One) - returns;
            squares = maximum(squares, held * held);
        }

        return (squares * s_half).MoveToOuterDisposeScope();
    }

    /// <summary>1 − Var(R − V) / Var(R): 1 is a perfect critic; below 0 it is worse than none.</summary>
    public static double ExplainedVariance(IReadOnlyList<double> values, IReadOnlyList<double> returns)
    {
        var all = Moments.Of(returns, isUnbiased: false).Variance;
        return all == 0 ? double.NaN : 1 - (Moments.Of(returns.Zip(values, (r, v) => r - v), isUnbiased: false).Variance / all);
    }
}
