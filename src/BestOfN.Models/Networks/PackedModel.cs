using BestOfN.Models.Native;
using static TorchSharp.torch;

namespace BestOfN.Models.Networks;

/// <summary>A language model prepared for reading and writing text on a CPU; above all for decode steps, one new token for each of a few sequences.</summary>
/// <remarks>
/// A step of few rows is bound by reading the weights and by the number of operations. So every weight is copied once into the order in
/// which it is read fastest, products of the same input are one, and what lies between the products is done in place (<see cref="RowKernels"/>).
/// The copies take the memory of the weights once more, and do not follow the model: train it, and pack it again. Same arithmetic as
/// <see cref="Decoder.Forward"/>; device thread only. T rows, C hidden size, H query heads, K key/value heads, D head size, I MLP size.
/// </remarks>
internal sealed class PackedModel : IDisposable
{
    private readonly Decoder _decoder;
    private readonly Layer[] _layers;
    private readonly PackedWeight _head;

    private PackedModel(LanguageModel model)
    {
        _decoder = model.Decoder;
        _head = new PackedWeight(model.Head);
        _layers = [.. _decoder.Layers.Select(l => Pack(l, _decoder.Configuration))];
    }

    /// <returns>Null where the device or the type has no packed form: take <see cref="Decoder.Forward"/> there.</returns>
    public static PackedModel? Of(LanguageModel model)
    {
        if (!Aten.HasOneDnn(model.Decoder.Type, model.Decoder.Device))
        {
            return null;
        }

        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        return new PackedModel(model);
    }

    /// <summary>Runs tokens through all blocks and the final norm, as <see cref="Decoder.Forward"/> does; none of them is part of a picture.</summary>
    /// <param name="ids">[T] int64.</param>
    /// <param name="positions">[T] int64.</param>
    /// <param name="attention">Who sees whom.</param>
    /// <param name="rows">Rows whose output is wanted, [R] int64; empty: only keys and values are wanted; null: all.</param>
    /// <returns>[T, C] or [R, C], owned by the caller's dispose scope; null where <paramref name="rows"/> is empty.</returns>
    public Tensor? Forward(Tensor ids, Tensor positions, IAttention attention, Tensor? rows = null)
    {
        using var scope = NewDisposeScope();
        var c = _decoder.Configuration;
        var (cos, sin) = _decoder.Rotary.Angles(positions, ScalarType.Float32);
        var h = _decoder.Embedding.index_select(0, ids);                                                  // [T, C]
        for (var i = 0; i < _layers.Length; i++)
        {
            using var inner = NewDisposeScope();
            var layer = _layers[i];
            var x = RowKernels.Norm(h, layer.Source.attention_norm, c.NormEpsilon);
            var all = layer.QueriesKeysValues.Linear(x, layer.QueriesKeysValuesBias);                     // [T, (H + 2K)·D]: queries, keys, values
            var heads = all.view(all.size(0), c.Heads + (2 * c.KeyValueHeads), c.HeadSize);
            var q = RowKernels.Turn(heads.narrow(1, 0, c.Heads), layer.Source.q_norm, c.NormEpsilon, cos, sin);
            var k = RowKernels.Turn(heads.narrow(1, c.Heads, c.KeyValueHeads), layer.Source.k_norm, c.NormEpsilon, cos, sin);
            var v = heads.narrow(1, c.Heads + c.KeyValueHeads, c.KeyValueHeads);
            if (rows is not null && i == _layers.Length - 1)
            {
                if (rows.NumberOfElements == 0)
                {
                    attention.Attend(i, null, k, v);
                    return null;
                }

                (q, h) = (q.index_select(0, rows), h.index_select(0, rows));
            }

            var met = attention.Attend(i, q, k, v)!;
            var middle = layer.Output.LinearAdd(met.reshape(met.size(0), c.Heads * c.HeadSize), layer.Source.wo_bias, h);
            h.Dispose();
            h = DecoderLayer.InPieces(middle, (piece, _) => layer.FeedForward(piece, c.NormEpsilon)).MoveToOuterDisposeScope();
        }

        return RowKernels.Norm(h, _decoder.Norm, c.NormEpsilon).MoveToOuterDisposeScope();
    }

    /// <summary>Logits of hidden states.</summary>
    /// <param name="hidden">[T, C].</param>
    /// <returns>[T, V], owned by the caller's dispose scope.</returns>
    public Tensor Logits(Tensor hidden) => _head.Linear(hidden, null);

    public void Dispose()
    {
        _head.Dispose();
        foreach (var layer in _layers)
        {
            layer.Dispose();
        }
    }

    private static Layer Pack(DecoderLayer source, DecoderConfiguration c)
    {
        using var scope = NewDisposeScope();
        return new Layer(
            source,
            new PackedWeight(Joined(source.wqkv, c, source.q_proj, source.k_proj, source.v_proj)!),
            Joined(source.wqkv_bias, c, source.q_proj_bias, source.k_proj_bias, source.v_proj_bias) is { } bias ? Kept(bias) : null,
            new PackedWeight(source.wo),
            new PackedWeight(cat([source.w1, source.w3], 0)),
            source.w1_bias is null ? null : Kept(cat([source.w1_bias, source.w3_bias!], 0)),
            new PackedWeight(source.w2));

        static Tensor Kept(Tensor tensor) => tensor.DetachFromDisposeScope();
    }

    /// <summary>Rows of queries, keys, values, in that order, however the family keeps them.</summary>
    private static Tensor? Joined(Tensor? fused, DecoderConfiguration c, params ReadOnlySpan<Tensor?> apart)
    {
        if (fused is null)
        {
            return apart[0] is null ? null : cat([apart[0]!, apart[1]!, apart[2]!], 0);
        }

        var heads = fused.view(c.KeyValueHeads, c.Groups + 2, c.HeadSize, -1);
        Tensor Part(int first, int count) => heads.narrow(1, first, count).reshape(c.KeyValueHeads * count * c.HeadSize, -1);
        var joined = cat([Part(0, c.Groups), Part(c.Groups, 1), Part(c.Groups + 1, 1)], 0);
        return fused.dim() == 1 ? joined.squeeze(1) : joined;
    }

    /// <summary>Norms and the biases of single products are those of the model.</summary>
    private sealed record Layer(
        DecoderLayer Source, PackedWeight QueriesKeysValues, Tensor? QueriesKeysValuesBias, PackedWeight Output, PackedWeight GateUp, Tensor? GateUpBias, PackedWeight Down) : IDisposable
    {
        public Tensor FeedForward(Tensor h, double epsilon)
        {
            var gated = RowKernels.Gate(GateUp.Linear(RowKernels.Norm(h, Source.ffn_norm, epsilon), GateUpBias));       // [T, I]
            return Down.LinearAdd(gated, Source.w2_bias, h);
        }

        public void Dispose()
        {
            foreach (var part in (IDisposable?[])[QueriesKeysValues, QueriesKeysValuesBias, Output, GateUp, GateUpBias, Down])
            {
                part?.Dispose();
            }
        }
    }
}
