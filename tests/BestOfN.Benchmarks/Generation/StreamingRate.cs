using System.Diagnostics;
using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Generation;

/// <summary>How fast memory is read right now, with the same threads: the sum over far more than the caches hold.</summary>
internal sealed class StreamingRate : IDisposable
{
    private const long Elements = 64 << 20;

    private readonly Tensor _data;

    public StreamingRate(Device device) => _data = ones(Elements, ScalarType.Float32, device).DetachFromDisposeScope();

    /// <summary>Bytes per second.</summary>
    public double Measure()
    {
        var clock = Stopwatch.StartNew();
        using var sum = _data.sum();
        sum.item<float>();
        return Elements * sizeof(float) / clock.Elapsed.TotalSeconds;
    }

    public void Dispose() => _data.Dispose();
}
