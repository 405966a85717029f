using static TorchSharp.torch;

namespace BestOfN.Training.Optimizers;

/// <summary>Moves weights along their gradients, and can be saved and restored in the middle of a training. Owns its moments.</summary>
internal interface IOptimizer : IDisposable
{
    /// <summary>The trained weights by name.</summary>
    IReadOnlyList<KeyValuePair<string, Tensor>> Parameters { get; }

    /// <summary>Steps done.</summary>
    int Steps { get; set; }

    /// <summary>The tensors that it remembers from step to step, by name.</summary>
    IEnumerable<KeyValuePair<string, Tensor>> Moments { get; }

    /// <summary>Scales the gradients to at most that 2-norm, moves the weights, and forgets the gradients.</summary>
    /// <returns>The gradients' norm before scaling.</returns>
    double Step(double learningRate, double gradientNorm);
}
