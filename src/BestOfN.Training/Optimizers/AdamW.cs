using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Training.Optimizers;

/// <summary>Adam with decoupled weight decay, in place; matrices decay, vectors do not.</summary>
/// <remarks>
/// Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101. Own code because TorchSharp's optimizer keeps its moments where they
/// cannot be saved beside the weights by name. Owns its moments.
/// </remarks>
internal sealed class AdamW(IReadOnlyList<KeyValuePair<string, Tensor>> parameters, double beta2, double weightDecay) : IOptimizer
{
    private const double Beta1 = 0.9;
    private const double Epsilon = 1e-8;

    private readonly Tensor[] _first = [.. parameters.Select(p => zeros_like(p.Value, requires_grad: false).DetachFromDisposeScope())];
    private readonly Tensor[] _second = [.. parameters.Select(p => zeros_like(p.Value, requires_grad: false).DetachFromDisposeScope())];

    public IReadOnlyList<KeyValuePair<string, Tensor>> Parameters => parameters;

    /// <summary>Steps done, for the correction of the moments' bias.</summary>
    public int Steps { get; set; }

    public IEnumerable<KeyValuePair<string, Tensor>> Moments => parameters.SelectMany((p, i) => new KeyValuePair<string, Tensor>[]
    {
        new(p.Key + ".exp_avg", _first[i]),
        new(p.Key + ".exp_avg_sq", _second[i]),
    });

    public double Step(double learningRate, double gradientNorm)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var norm = GradientScaling.Apply(parameters, gradientNorm);
        Steps++;
        var (correct1, correct2) = (1 - Math.Pow(Beta1, Steps), 1 - Math.Pow(beta2, Steps));

        using TorchSharp.Scalar keep1 = Beta1, take1 = 1 - Beta1, keep2 = beta2, take2 = 1 - beta2,
            decay = 1 - (learningRate * weightDecay),
            second = correct2, epsilon = Epsilon, rate = -learningRate / correct1;
        for (var i = 0; i < parameters.Count; i++)
        {
            var weight = parameters[i].Value;
            if (weight.grad is not { } gradient)
            {
                continue;
            }

            _first[i].mul_(keep1).add_(gradient, alpha: take1);
            _second[i].mul_(keep2).addcmul_(gradient, gradient, value: take2);
            if (weight.dim() > 1)
            {
                weight.mul_(decay);
            }

            weight.addcdiv_(_first[i], (_second[i] / second).sqrt_().add_(epsilon, HeldScalar.One), value: rate);
            gradient.zero_();
        }

        return norm;
    }

    public void Dispose()
    {
        foreach (var moment in _first.Concat(_second))
        {
            moment.Dispose();
        }
    }
}
