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
    private readonly ParallelGradient _gradient = new([.. parameters.Select(p => p.Value)]);
    private (int Step, Task<IReadOnlyList<Func<Tensor>>> Parts)? _ahead;

    public StepOutcome Add(int step, CancellationToken cancellationToken)
    {
        var parts = _ahead is { } ahead && ahead.Step == step ? ahead.Parts.GetAwaiter().GetResult() : prepare(step);
        var next = step + 1;
        _ahead = next < steps ? (next, Task.Run(() => prepare(next), CancellationToken.None)) : null;
        return new StepOutcome(_gradient.Add(parts));
    }
}
