using BestOfN.Training.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Training.Preference;

/// <summary>The low-rank change of one linear layer: B A · scale. Owns its tensors, which are float32.</summary>
/// <remarks>A begins uniform in ±1/√inputs and B with zeros, so that at first nothing is changed.</remarks>
internal sealed class Adapter : IDisposable
{
    public Adapter(string layer, long outputs, long inputs, LowRankAdaptation options, Generator generator, Device device)
    {
        (Layer, Scale) = (layer, options.Scale);
        using var scope = NewDisposeScope();
        var bound = 1 / Math.Sqrt(inputs);
        A = empty(options.Rank, inputs).uniform_(-bound, bound, generator).to(device).requires_grad_(true).DetachFromDisposeScope();
        B = zeros(outputs, options.Rank, device: device).requires_grad_(true).DetachFromDisposeScope();
    }

    /// <summary>The layer's name in the checkpoint, without <c>.weight</c>.</summary>
    public string Layer { get; }

    /// <summary>[r, I].</summary>
    public Tensor A { get; }

    /// <summary>[O, r].</summary>
    public Tensor B { get; }

    public double Scale { get; }

    /// <summary>The trained weights.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Parameters => [new(Layer + ".lora_A.weight", A), new(Layer + ".lora_B.weight", B)];

    /// <summary>The weight with its change, [O, I] float32, owned by the caller.</summary>
    public Tensor Merged(Tensor weight)
    {
        using var scope = NewDisposeScope();
        using Scalar scale = Scale;
        return weight.to(ScalarType.Float32).to(A.device).add(B.matmul(A), scale).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }
}
