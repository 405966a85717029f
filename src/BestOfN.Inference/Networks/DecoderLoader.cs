using System.Globalization;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Weights;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>Puts a decoder together from a source of tensors: a checkpoint, or fresh random ones.</summary>
internal sealed class DecoderLoader
{
    private readonly DecoderFamily _family;
    private readonly DecoderConfiguration _c;
    private readonly WeightSource _source;
    private readonly ComputeMode _mode;
    private readonly List<KeyValuePair<string, Tensor>> _parameters = [];

    private DecoderLoader(DecoderFamily family, DecoderConfiguration configuration, WeightSource source, ComputeMode mode) =>
        (_family, _c, _source, _mode) = (family, configuration, source, mode);

    /// <summary>Nothing is left behind when the source throws.</summary>
    /// <param name="family">Names of the tensors.</param>
    /// <param name="configuration">Sizes.</param>
    /// <param name="source">Gives the tensors.</param>
    /// <param name="mode">What it is for.</param>
    public static Decoder Load(
        DecoderFamily family, DecoderConfiguration configuration, WeightSource source, ComputeMode mode = ComputeMode.Inference)
    {
        var loader = new DecoderLoader(family, configuration, source, mode);
        try
        {
            return loader.Load();
        }
        catch
        {
            foreach (var (_, tensor) in loader._parameters)
            {
                tensor.Dispose();
            }

            throw;
        }
    }

    private Decoder Load()
    {
        var embedding = Take(_family.Embedding, ".weight", 0, _c.VocabularySize, _c.HiddenSize);
        var layers = Enumerable.Range(0, _c.Layers).Select(Layer).ToArray();
        var norm = Take("model.norm", ".weight", 0, _c.HiddenSize);
        return new Decoder(_c, embedding, layers, norm, _parameters, _mode);
    }

    private DecoderLayer Layer(int i)
    {
        var (C, I, D) = ((long)_c.HiddenSize, (long)_c.IntermediateSize, (long)_c.HeadSize);
        var (H, K) = ((long)_c.Heads, (long)_c.KeyValueHeads);
        Projection Project(params ReadOnlySpan<LinearWeights> parts) => new PlainProjection([.. parts], _mode);
        LinearWeights Heads(string name, long heads) => Linear(name, i, heads * D, C, _c.QueryKeyValueBias);
        return new DecoderLayer
        {
            Mode = _mode,
            AttentionNorm = Take(_family.AttentionNorm, ".weight", i, C),
            QueryKeyValue = _family.FusedQueryKeyValue is { } fused
                ? Project(Heads(fused, H + (2 * K)))
                : Project(Heads(_family.Query!, H), Heads(_family.Key!, K), Heads(_family.Value!, K)),
            IsGrouped = _family.FusedQueryKeyValue is not null,
            QueryNorm = _family.QueryNorm is { } queryNorm ? Take(queryNorm, ".weight", i, D) : null,
            KeyNorm = _family.KeyNorm is { } keyNorm ? Take(keyNorm, ".weight", i, D) : null,
            Output = Project(Linear(_family.AttentionOutput, i, C, H * D, _c.AttentionOutputBias)),
            FeedForwardNorm = Take(_family.FeedForwardNorm, ".weight", i, C),
            GateUp = Project(Linear(_family.Gate, i, I, C, _c.MlpBias), Linear(_family.Up, i, I, C, _c.MlpBias)),
            Down = Project(Linear(_family.Down, i, C, I, _c.MlpBias)),
        };
    }

    private LinearWeights Linear(string name, int layer, long outputs, long inputs, bool hasBias) => new(
        Take(name, ".weight", layer, outputs, inputs),
        hasBias ? Take(name, ".bias", layer, outputs) : null,
        _c.PartialLoraRank == 0 ? null : new PartialLora(
            Take(name, ".Plora_A.weight", layer, _c.PartialLoraRank, inputs),
            Take(name, ".Plora_B.weight", layer, outputs, _c.PartialLoraRank), _c.PartialLoraScale));

    private Tensor Take(string name, string suffix, int layer, params ReadOnlySpan<long> shape)
    {
        var full = name.Replace("{i}", layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) + suffix;
        var tensor = _source(full, shape).DetachFromDisposeScope();
        _parameters.Add(new(full, tensor));
        return tensor;
    }
}
