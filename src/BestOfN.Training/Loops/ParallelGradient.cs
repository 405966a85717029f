using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Training.Loops;

/// <summary>The gradient of a sum whose parts are computed on all cores, each on one core, and added up in their order.</summary>
/// <param name="weights">What gradients are wanted of; each has a <c>grad</c>.</param>
/// <param name="threads">Most threads; null: one for each core.</param>
internal sealed class ParallelGradient(Tensor[] weights, int? threads = null)
{
    /// <summary>Adds the gradient of the parts' sum to what the weights have.</summary>
    /// <param name="parts">Each gives a scalar with gradients.</param>
    /// <returns>The sum.</returns>
    public float Add(IReadOnlyList<Func<Tensor>> parts)
    {
        var outcomes = new (float Loss, Tensor?[] Gradients)[parts.Count];
        try
        {
            ParallelWork.Run(parts.Count, i => outcomes[i] = Compute(parts[i]), threads);
            return Sum(outcomes);
        }
        finally
        {
            foreach (var gradient in outcomes.SelectMany(o => o.Gradients ?? []))
            {
                gradient?.Dispose();
            }
        }
    }

    private float Sum((float Loss, Tensor?[] Gradients)[] outcomes)
    {
        using var guard = no_grad();
        for (var w = 0; w < weights.Length; w++)
        {
            foreach (var (_, gradients) in outcomes)
            {
                if (gradients[w] is { } gradient)
                {
                    weights[w].grad!.add_(gradient, HeldScalar.One);
                }
            }
        }

        return outcomes.Sum(o => o.Loss);
    }

    private (float Loss, Tensor?[] Gradients) Compute(Func<Tensor> part)
    {
        using var scope = NewDisposeScope();
        var loss = part();
        var gradients = autograd.grad([loss], weights, allow_unused: true);
        return (loss.item<float>(), [.. gradients.Select(g => g.IsInvalid ? null : g.DetachFromDisposeScope())]);
    }
}
