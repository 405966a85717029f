using System.Diagnostics;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks;

/// <summary>What the machine gives right now: the products of linear layers by the fastest way at hand, nothing else.</summary>
internal sealed class MatmulRate : IDisposable
{
    private readonly List<(Tensor X, Tensor Weight, Tensor Out)> _products = [];

    public MatmulRate(DecoderConfiguration c, int tokens, ScalarType type, Device device) : this(
        [
            (c.HiddenSize, c.Heads * c.HeadSize), (c.HiddenSize, c.KeyValueHeads * c.HeadSize),
            (c.HiddenSize, c.KeyValueHeads * c.HeadSize),
            (c.Heads * c.HeadSize, c.HiddenSize), (c.HiddenSize, c.IntermediateSize),
            (c.HiddenSize, c.IntermediateSize), (c.IntermediateSize, c.HiddenSize),
        ],
        tokens, type, device)
    {
    }

    /// <param name="shapes">Width of the input and of the output of each linear layer.</param>
    /// <param name="tokens">Rows of the input.</param>
    /// <param name="type">Element type of all operands.</param>
    /// <param name="device">Where they are.</param>
    public MatmulRate(IReadOnlyList<(int In, int Out)> shapes, int tokens, ScalarType type, Device device)
    {
        foreach (var (inputs, outputs) in shapes)
        {
            _products.Add((
                randn([tokens, inputs]).to(type, device).DetachFromDisposeScope(),
                BestOfN.Inference.Kernels.Operators.Keep(randn([outputs, inputs]).to(type, device), Aten.PrepackFor(type, device)),
                zeros([tokens, outputs], type, device).DetachFromDisposeScope()));
            Flops += 2.0 * tokens * inputs * outputs;
        }
    }

    public double Flops { get; }

    /// <summary>FLOP per second.</summary>
    public double Measure()
    {
        var clock = Stopwatch.StartNew();
        foreach (var (x, weight, result) in _products)
        {
            if (Aten.HasOneDnn(x.dtype, x.device))
            {
                Aten.Linear(x, weight, null).Dispose();
                continue;
            }

            using var transposed = weight.t();
            result.addmm_(x, transposed, beta: 0, alpha: 1);
        }

        if (_products[0].X.device.type == TorchSharp.DeviceType.CUDA)
        {
            cuda.synchronize();
        }

        return Flops / clock.Elapsed.TotalSeconds;
    }

    public void Dispose()
    {
        foreach (var (x, weight, result) in _products)
        {
            x.Dispose();
            weight.Dispose();
            result.Dispose();
        }
    }
}
