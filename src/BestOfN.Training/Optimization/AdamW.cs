using static TorchSharp.torch;

namespace BestOfN.Training.Optimization;

/// <summary>Adam with decoupled weight decay, in place; matrices decay, vectors do not.</summary>
/// <remarks>
/// Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101. Own code because TorchSharp's optimizer keeps its moments where they
/// cannot be saved beside the weights by name. Owns its moments.
/// </remarks>
internal sealed class AdamW(IReadOnlyList<KeyValuePair<string, Tensor>> parameters, double beta2, double weightDecay) : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Epsilon = 1e-8;

    private readonly Tensor[] _first = [.. parameters.Select(p => zeros_like(p.Value, requires_grad: false).DetachFromDisposeScope())];
    private readonly Tensor[] _second = [.. parameters.Select(p => zeros_like(p.Value, requires_grad: false).DetachFromDisposeScope())];

    /// <summary>Steps done, for the correction of the moments' bias.</summary>
    public int Steps { get; set; }

    /// <summary>First and second moments under names of their own.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Moments => parameters.SelectMany((p, i) => new KeyValuePair<string, Tensor>[]
    {
        new(p.Key + ".exp_avg", _first[i]),
        new(p.Key + ".exp_avg_sq", _second[i]),
    });

    /// <summary>Scales the gradients to at most that 2-norm, moves the weights, and forgets the gradients.</summary>
    /// <returns>The gradients' norm before scaling.</returns>
    public double Step(double learningRate, double gradientNorm)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var squares = parameters.Where(p => p.Value.grad is not null).Select(p => p.Value.grad!.square().sum()).ToArray();
        var norm = stack(squares).sum().sqrt().item<float>();
        var scale = norm > gradientNorm ? gradientNorm / norm : 1;
        Steps++;
        var (correct1, correct2) = (1 - Math.Pow(Beta1, Steps), 1 - Math.Pow(beta2, Steps));
        for (var i = 0; i < parameters.Count; i++)
        {
            var weight = parameters[i].Value;
            if (weight.grad is not { } gradient)
            {
                continue;
            }

            gradient.mul_(scale);
            _first[i].mul_(Beta1).add_(gradient, alpha: 1 - Beta1);
            _second[i].mul_(beta2).addcmul_(gradient, gradient, value: 1 - beta2);
            if (weight.dim() > 1)
            {
                weight.mul_(1 - (learningRate * weightDecay));
            }

            weight.addcdiv_(_first[i], (_second[i] / correct2).sqrt_().add_(Epsilon), value: -learningRate / correct1);
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
