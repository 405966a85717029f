using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Training.Optimizers;

/// <summary>
/// Momentum whose singular values are made equal, for the matrices of hidden layers; AdamW for embeddings, heads and vectors.
/// </summary>
/// <remarks>
/// Jordan et al. 2024 (https://kellerjordan.github.io/posts/muon/), with the update's scale of Liu et al. 2025
/// (https://arxiv.org/abs/2502.16982), 0.2 · √max(rows, columns), under which both take the same learning rate and weight decay. A network
/// that has to learn to look gets there in less than half of AdamW's steps.
/// </remarks>
internal sealed class Muon : IOptimizer
{
    private const double Scale = 0.2;
    private const int Iterations = 5;

    private static readonly TorchSharp.Scalar s_momentum = 0.95, s_tiny = 1e-7;

    // The quintic of Newton and Schulz, steep at zero.
    private static readonly TorchSharp.Scalar s_linear = 3.4445, s_cubic = -4.7750, s_quintic = 2.0315;

    private readonly KeyValuePair<string, Tensor>[] _matrices;
    private readonly Tensor[] _momenta;
    private readonly AdamW _others;
    private readonly double _weightDecay;

    public Muon(IReadOnlyList<KeyValuePair<string, Tensor>> parameters, double beta2, double weightDecay)
    {
        (Parameters, _weightDecay) = (parameters, weightDecay);
        _matrices = [.. parameters.Where(p => IsHidden(p.Key, p.Value))];
        _momenta = [.. _matrices.Select(p => zeros_like(p.Value, requires_grad: false).DetachFromDisposeScope())];
        _others = new AdamW([.. parameters.Where(p => !IsHidden(p.Key, p.Value))], beta2, weightDecay);
    }

    public IReadOnlyList<KeyValuePair<string, Tensor>> Parameters { get; }

    public int Steps
    {
        get => _others.Steps;
        set => _others.Steps = value;
    }

    public IEnumerable<KeyValuePair<string, Tensor>> Moments =>
        _matrices.Select((p, i) => new KeyValuePair<string, Tensor>(p.Key + ".momentum", _momenta[i])).Concat(_others.Moments);

    public double Step(double learningRate, double gradientNorm)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var norm = GradientScaling.Apply(Parameters, gradientNorm);

        // Matrices of one shape go through the iteration together.
        var moved = _matrices.Zip(_momenta, (p, momentum) => (Weight: p.Value, Momentum: momentum)).Where(m => m.Weight.grad is not null);
        foreach (var shape in moved.GroupBy(m => (Rows: m.Weight.size(0), Columns: m.Weight.NumberOfElements / m.Weight.size(0))))
        {
            var (rows, columns) = shape.Key;
            using TorchSharp.Scalar rate = -learningRate * Scale * Math.Sqrt(Math.Max(rows, columns)),
                kept = 1 - (learningRate * _weightDecay);
            var items = shape.ToArray();
            var directions = stack(items.Select(m =>
            {
                m.Momentum.mul_(s_momentum).add_(m.Weight.grad!, HeldScalar.One);
                return m.Weight.grad!.add(m.Momentum, alpha: s_momentum).view(rows, columns);
            }));
            var updates = Orthogonalise(directions).split(1, 0);
            for (var i = 0; i < items.Length; i++)
            {
                items[i].Weight.mul_(kept).add_(updates[i].view(items[i].Weight.shape), alpha: rate);
                items[i].Weight.grad!.zero_();
            }
        }

        _others.Step(learningRate, double.PositiveInfinity);
        return norm;
    }

    public void Dispose()
    {
        _others.Dispose();
        foreach (var momentum in _momenta)
        {
            momentum.Dispose();
        }
    }

    /// <summary>The nearest matrices, nearly, whose singular values are all one.</summary>
    /// <param name="matrices">[n, rows, columns].</param>
    internal static Tensor Orthogonalise(Tensor matrices)
    {
        using var scope = NewDisposeScope();
        var tall = matrices.size(1) > matrices.size(2);
        var x = tall ? matrices.transpose(1, 2) : matrices;
        x = x / (x * x).sum([1, 2], keepdim: true).sqrt().add(s_tiny, HeldScalar.One);
        x = x.to(ComputeTypes.CpuHasBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        for (var i = 0; i < Iterations; i++)
        {
            var square = x.matmul(x.transpose(1, 2));
            x = (x * s_linear).add((square * s_cubic).add(square.matmul(square), s_quintic).matmul(x), HeldScalar.One);
        }

        return (tall ? x.transpose(1, 2) : x).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    // Rows of embeddings are looked up, not multiplied, and the heads' outputs are tokens or the reward: those are not maps from a hidden
    // space to another.
    private static bool IsHidden(string name, Tensor weight) =>
        weight.dim() > 1 && !name.Contains("embeddings.weight", StringComparison.Ordinal)
            && !name.Contains("position_embedding", StringComparison.Ordinal)
        && !name.EndsWith("_GN", StringComparison.Ordinal) && name is not ("output.weight" or "score.weight" or "v_head.weight");
}
