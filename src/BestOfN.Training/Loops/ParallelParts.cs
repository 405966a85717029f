using System.Runtime.ExceptionServices;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Training.Loops;

/// <summary>
/// Computes the parts of a batch on all cores, each part on one core, and adds up their gradients in the order of the parts.
/// </summary>
/// <remarks>
/// One operator of a small network is too little work for several threads; a whole part is enough. The next step's data are prepared
/// meanwhile. The order of the additions is fixed, so that the same seed gives the same bits on one machine.
/// </remarks>
/// <param name="parameters">What gradients are wanted of.</param>
/// <param name="steps">Steps in all: nothing is prepared beyond them.</param>
/// <param name="prepare">Functions whose results, scalars with gradients, sum up to the loss of a step. It is called one step
/// ahead.</param>
internal sealed class ParallelParts(
    IReadOnlyList<KeyValuePair<string, Tensor>> parameters, int steps, Func<int, IReadOnlyList<Func<Tensor>>> prepare) : IGradient
{
    private readonly Tensor[] _weights = [.. parameters.Select(p => p.Value)];
    private (int Step, Task<IReadOnlyList<Func<Tensor>>> Parts)? _ahead;

    public StepOutcome Add(int step, CancellationToken cancellationToken)
    {
        var parts = _ahead is { } ahead && ahead.Step == step ? ahead.Parts.GetAwaiter().GetResult() : prepare(step);
        var next = step + 1;
        _ahead = next < steps ? (next, Task.Run(() => prepare(next), CancellationToken.None)) : null;
        return new StepOutcome(Backward(parts));
    }

    private float Backward(IReadOnlyList<Func<Tensor>> parts)
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

        Thread[] workers =
            [.. Enumerable.Range(0, Math.Min(Environment.ProcessorCount, parts.Count))
                .Select(_ => new Thread(Work) { IsBackground = true })];
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
        for (var w = 0; w < _weights.Length; w++)
        {
            foreach (var (_, gradients) in outcomes)
            {
                if (gradients[w] is { } gradient)
                {
                    _weights[w].grad!.add_(gradient, HeldScalar.One);
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
