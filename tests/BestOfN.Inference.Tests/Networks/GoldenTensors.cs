using BestOfN.Inference.Weights;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Networks;

/// <summary>The tensors of a reference file, and how they are compared.</summary>
internal sealed class GoldenTensors : IDisposable
{
    private readonly SafetensorsFile _file;

    public GoldenTensors(string folder, string file) => _file = SafetensorsFile.Open(Path.Combine(GoldenFiles.Folder(folder), file));

    public Tensor this[string name] => _file.Map(_file.Tensors[name]);

    /// <summary>Equal shape, and no element further away than the tolerance.</summary>
    public static void AssertClose(Tensor expected, Tensor actual, double tolerance)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        var distance = (expected.to(ScalarType.Float32) - actual.to(ScalarType.Float32)).abs().max().item<float>();
        Assert.True(distance <= tolerance, $"Expected a distance of at most {tolerance}, found {distance}.");
    }

    public void Dispose() => _file.Dispose();
}
