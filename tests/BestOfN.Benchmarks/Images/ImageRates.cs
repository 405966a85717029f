using static TorchSharp.torch;

namespace BestOfN.Benchmarks.Images;

/// <summary>What the machine gives right now for the products of tower, projector and decoder at a request's sizes.</summary>
internal sealed class ImageRates : IDisposable
{
    private readonly MatmulRate _tower;
    private readonly MatmulRate _projector;
    private readonly MatmulRate _decoder;
    private readonly List<double> _ofTower = [];
    private readonly List<double> _ofProjector = [];
    private readonly List<double> _ofDecoder = [];

    public ImageRates(ImageCase request, ScalarType type, Device device)
    {
        var (v, c) = (ImageModel.Vision, ImageModel.Decoder);
        var (C, I, H, W) = (v.HiddenSize, v.IntermediateSize, c.HiddenSize, c.IntermediateSize);
        var heads = c.Heads * c.HeadSize;
        _tower = new([(C, C), (C, C), (C, C), (C, C), (C, I), (I, C)], (1 + request.Tiles) * ((v.Patches * v.Patches) + 1), type, device);
        _projector = new([(4 * C, H), (H, H)], request.ImageTokens(v), type, device);
        _decoder = new(
            [(H, heads + (2 * c.KeyValueHeads * c.HeadSize)), (heads, H), (H, W), (H, W), (W, H)], request.PromptTokens(v), type, device);
        Sample();
        _ofTower.Clear();      // the first products make kernels and fault pages
        _ofProjector.Clear();
        _ofDecoder.Clear();
    }

    /// <summary>Median FLOP per second of the vision encoder's products; the other two properties are the same for their part.</summary>
    public double Tower => Samples.Median(_ofTower);

    public double Projector => Samples.Median(_ofProjector);

    public double Decoder => Samples.Median(_ofDecoder);

    public void Sample()
    {
        _ofTower.Add(_tower.Measure());
        _ofProjector.Add(_projector.Measure());
        _ofDecoder.Add(_decoder.Measure());
    }

    public void Dispose()
    {
        _tower.Dispose();
        _projector.Dispose();
        _decoder.Dispose();
    }
}
