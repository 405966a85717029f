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
    private readonly Func<Tensor, Tensor>? _order;
    private readonly ComputeMode _mode;
    private readonly List<KeyValuePair<string, Tensor>> _parameters = [];

    private DecoderLoader(DecoderFamily family, DecoderConfiguration configuration, WeightSource source, Func<Tensor, Tensor>? order, ComputeMode mode) =>
        (_family, _c, _source, _order, _mode) = (family, configuration, source, order, mode);

    /// <summary>Nothing is left behind when the source throws.</summary>
    /// <param name="family">Names of the tensors.</param>
    /// <param name="configuration">Sizes.</param>
    /// <param name="source">Gives the tensors.</param>
    /// <param name="order">What becomes of the weights of products, such as <see cref="Runtime.Aten.Order"/>; null: they stay as they are.</param>
    /// <param name="mode">What it is for.</param>
    public static Decoder Load(
        DecoderFamily family, DecoderConfiguration configuration, WeightSource source, Func<Tensor, Tensor>? order = null, ComputeMode mode = ComputeMode.Inference)
    {
        var loader = new DecoderLoader(family, configuration, source, order, mode);
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
        var fused = _family.FusedQueryKeyValue;
        return new DecoderLayer
        {
            Mode = _mode,
            attention_norm = Take(_family.AttentionNorm, ".weight", i, C),
            wqkv = fused is null ? null : Product(fused, i, (H + (2 * K)) * D, C),
            wqkv_bias = fused is not null && _c.QueryKeyValueBias ? Take(fused, ".bias", i, (H + (2 * K)) * D) : null,
            q_proj = _family.Query is null ? null : Product(_family.Query, i, H * D, C),
            k_proj = _family.Key is null ? null : Product(_family.Key, i, K * D, C),
            v_proj = _family.Value is null ? null : Product(_family.Value, i, K * D, C),
            q_proj_bias = Optional(_family.Query, ".bias", i, _c.QueryKeyValueBias, H * D),
            k_proj_bias = Optional(_family.Key, ".bias", i, _c.QueryKeyValueBias, K * D),
            v_proj_bias = Optional(_family.Value, ".bias", i, _c.QueryKeyValueBias, K * D),
            q_norm = Optional(_family.QueryNorm, ".weight", i, true, D),
            k_norm = Optional(_family.KeyNorm, ".weight", i, true, D),
            wo = Product(_family.AttentionOutput, i, C, H * D),
            wo_bias = Optional(_family.AttentionOutput, ".bias", i, _c.AttentionOutputBias, C),
            ffn_norm = Take(_family.FeedForwardNorm, ".weight", i, C),
            w1 = Product(_family.Gate, i, I, C),
            w3 = Product(_family.Up, i, I, C),
            w2 = Product(_family.Down, i, C, I),
            w1_bias = Optional(_family.Gate, ".bias", i, _c.MlpBias, I),
            w3_bias = Optional(_family.Up, ".bias", i, _c.MlpBias, I),
            w2_bias = Optional(_family.Down, ".bias", i, _c.MlpBias, C),
            wqkv_plora = fused is null ? null : Lora(fused, i, (H + (2 * K)) * D, C),
            wo_plora = Lora(_family.AttentionOutput, i, C, H * D),
            w1_plora = Lora(_family.Gate, i, I, C),
            w3_plora = Lora(_family.Up, i, I, C),
            w2_plora = Lora(_family.Down, i, C, I),
        };
    }

    private Tensor? Optional(string? name, string suffix, int layer, bool wanted, params ReadOnlySpan<long> shape) =>
        name is not null && wanted ? Take(name, suffix, layer, shape) : null;

    private PartialLora? Lora(string name, int layer, long outputs, long inputs) => _c.PartialLoraRank == 0 ? null : new PartialLora(
        Take(name, ".Plora_A.weight", layer, _c.PartialLoraRank, inputs), Take(name, ".Plora_B.weight", layer, outputs, _c.PartialLoraRank), _c.PartialLoraScale);

    private Tensor Product(string name, int layer, params ReadOnlySpan<long> shape) => Take(name, ".weight", layer, _order, shape);

    private Tensor Take(string name, string suffix, int layer, params ReadOnlySpan<long> shape) => Take(name, suffix, layer, null, shape);

    private Tensor Take(string name, string suffix, int layer, Func<Tensor, Tensor>? order, ReadOnlySpan<long> shape)
    {
        var full = name.Replace("{i}", layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) + suffix;
        var tensor = Operators.Keep(_source(full, shape), order);
        _parameters.Add(new(full, tensor));
        return tensor;
    }
}
