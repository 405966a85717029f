using System.Runtime.ExceptionServices;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Training.Loops;

/// <summary>Computes the parts of a loss on all cores, each part on one, and adds up their gradients in order, whichever is done first.</summary>
/// <remarks>One operator of a small network is too little work for several threads; whole parts are not.</remarks>
/// <param name="parameters">What gradients are wanted of; they gather in <c>grad</c>.</param>
internal sealed class ParallelGradients(IReadOnlyList<KeyValuePair<string, Tensor>> parameters)
{
    private readonly Tensor[] _weights = [.. parameters.Select(p => p.Value)];

    /// <summary>Adds the gradients of the sum of the parts to what is in <c>grad</c>; weights that no part uses get zeros there.</summary>
    /// <param name="parts">Each makes a scalar with gradients, on a thread of its own.</param>
    /// <returns>The sum.</returns>
    public float Backward(IReadOnlyList<Func<Tensor>> parts)
    {
        var outcomes = new (float Loss, Tensor?[] Gradients)[parts.Count];
        var failures = new Exception?[parts.Count];
        var next = -1;
        void Work()
        {
            set_num_threads(1);
            for (var i = Interlocked.Increment(ref next); i < parts.Count; i = Interlocked.Increment(ref next))
            {
                try
                {
                    outcomes[i] = Compute(parts[i]);
                }
                catch (Exception e)
                {
                    failures[i] = e;
                }
            }
        }

        Thread[] workers = [.. Enumerable.Range(0, Math.Min(Environment.ProcessorCount, parts.Count)).Select(_ => new Thread(Work) { IsBackground = true })];
        foreach (var worker in workers)
        {
            worker.Start();
        }

        foreach (var worker in workers)
        {
            worker.Join();
        }

        try
        {
            if (Array.Find(failures, f => f is not null) is { } failure)
            {
                ExceptionDispatchInfo.Throw(failure);
            }

            return Add(outcomes);
        }
        finally
        {
            foreach (var gradient in outcomes.SelectMany(o => o.Gradients ?? []))
            {
                gradient?.Dispose();
            }
        }
    }

    private float Add((float Loss, Tensor?[] Gradients)[] outcomes)
    {
        using var guard = no_grad();
        for (var w = 0; w < _weights.Length; w++)
        {
            var sum = _weights[w].grad ?? (_weights[w].grad = zeros_like(_weights[w], requires_grad: false).DetachFromDisposeScope());
            foreach (var (_, gradients) in outcomes)
            {
                if (gradients[w] is { } gradient)
                {
                    sum.add_(gradient, HeldScalar.One);
                }
            }
        }

        return outcomes.Sum(o => o.Loss);
    }

    private (float Loss, Tensor?[] Gradients) Compute(Func<Tensor> part)
    {
        using var scope = NewDisposeScope();
        var loss = part();
        var gradients = autograd.grad([loss], _weights, allow_unused: true);
        return (loss.item<float>(), [.. gradients.Select(g => g.IsInvalid ? null : g.DetachFromDisposeScope())]);
    }
}
