using static TorchSharp.torch;

namespace BestOfN.Training.Optimizers;

/// <summary>Keeps one bad batch from throwing a training off.</summary>
internal static class GradientScaling
{
    /// <summary>Scales the gradients in place to at most that 2-norm over all of them.</summary>
    /// <returns>The norm before.</returns>
    public static double Apply(IReadOnlyList<KeyValuePair<string, Tensor>> parameters, double gradientNorm)
    {
        if (double.IsPositiveInfinity(gradientNorm))
        {
            return double.NaN;
        }

        using var scope = NewDisposeScope();
        var gradients = parameters.Where(p => p.Value.grad is not null).Select(p => p.Value.grad!).ToArray();
        var norm = stack(gradients.Select(g => (g * g).sum())).sum().sqrt().item<float>();
        if (norm > gradientNorm)
        {
            using TorchSharp.Scalar scale = gradientNorm / norm;
            foreach (var gradient in gradients)
            {
                gradient.mul_(scale);
            }
        }

        return norm;
    }
}
