using BestOfN.Inference.Kernels;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>A decoder of any family: embeddings, blocks, final norm.</summary>
/// <remarks>
/// Tokens of any number of sequences go through the linear layers as one packed [T, C] matrix; <see cref="IAttention"/> alone knows
/// which belong together. Not thread-safe: one owner thread per device. Owns its weights.
/// </remarks>
public sealed class Decoder : IDisposable
{
    private readonly IReadOnlyList<DecoderLayer> _layers;
    private readonly IReadOnlyList<KeyValuePair<string, Tensor>> _parameters;
    private readonly RotaryEmbedding _rotary;

    internal Decoder(
        DecoderConfiguration configuration, Tensor embedding, IReadOnlyList<DecoderLayer> layers, Tensor norm,
        IReadOnlyList<KeyValuePair<string, Tensor>> parameters, ComputeMode mode)
    {
        (Configuration, Embedding, _layers, Norm, _parameters, Mode) = (configuration, embedding, layers, norm, parameters, mode);
        _rotary = new RotaryEmbedding(configuration);
    }

    public DecoderConfiguration Configuration { get; }

    public RotaryEmbedding Rotary => _rotary;

    /// <summary>[V, C].</summary>
    public Tensor Embedding { get; }

    /// <summary>Weights by the checkpoint's names.</summary>
    public IReadOnlyList<KeyValuePair<string, Tensor>> Parameters => _parameters;

    public ScalarType Type => Embedding.dtype;

    public Device Device => Embedding.device;

    /// <summary>What it was loaded for.</summary>
    public ComputeMode Mode { get; }

    internal IReadOnlyList<DecoderLayer> Layers => _layers;

    internal Tensor Norm { get; }

    /// <summary>Runs tokens through all blocks and the final norm.</summary>
    /// <param name="ids">Token ids of all sequences, one behind the other, [T] int64, on <see cref="Device"/>.</param>
    /// <param name="positions">Position of each within its own sequence, [T] int64.</param>
    /// <param name="attention">Which token attends to which.</param>
    /// <param name="rows">Rows whose output is wanted, [R] int64; empty: only keys and values are wanted; null: all.</param>
    /// <param name="sequenceLength">Only where <see cref="RotaryEmbedding.DependsOnLength"/>.</param>
    /// <param name="pictures">Tokens that are parts of pictures; their ids are not read. Null: there are none.</param>
    /// <returns>[T, C] or [R, C], owned by the caller's dispose scope; null where <paramref name="rows"/> is empty.</returns>
    public Tensor? Forward(
        Tensor ids, Tensor positions, IAttention attention, Tensor? rows = null, int sequenceLength = 0, PictureTokens? pictures = null)
    {
        using var scope = NewDisposeScope();
        var (cos, sin) = _rotary.Angles(positions, Mode == ComputeMode.Inference && RowKernels.Serve(Type, Device) ? ScalarType.Float32 : Type, sequenceLength);
        Tensor? h = Embedding.index_select(0, ids);
        if (pictures is not null)
        {
            h = h.index_copy(0, pictures.Rows, pictures.Vectors);
        }

        var pictureRows = Configuration.PartialLoraRank == 0 ? null : PictureRows.Of(pictures, ids.size(0), Mode);
        for (var i = 0; i < _layers.Count; i++)
        {
            var last = i == _layers.Count - 1;
            var next = _layers[i].Forward(Configuration, i, h!, cos, sin, attention, last ? rows : null, pictureRows);
            if (Mode == ComputeMode.Inference)
            {
                h!.Dispose();
            }

            h = next;
        }

        return h is null ? null : Operators.RmsNorm(h, Norm, Configuration.NormEpsilon, Mode).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var (_, tensor) in _parameters)
        {
            tensor.Dispose();
        }
    }
}
