using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

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
    private readonly List<Layer> _layers = [];
    private readonly List<PackedWeight> _weights = [];
    private readonly List<Tensor> _biases = [];
    private readonly PackedWeight _head;

    private PackedModel(LanguageModel model, int sequences)
    {
        _decoder = model.Decoder;
        var trials = sequences == 0 ? null : new StepTrials(sequences);
        try
        {
            _head = Packed(model.Head, trials);
            foreach (var layer in _decoder.Layers)
            {
                _layers.Add(Pack(layer, _decoder.Configuration, trials));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <param name="model">Stays the caller's, and must live as long.</param>
    /// <param name="sequences">The most that decode together; 0: no product is tried, and <see cref="IsExact"/> is false.</param>
    /// <returns>Null where the device or the type has no packed form, or own kernels are turned off: take <see cref="Decoder.Forward"/> there.</returns>
    /// <remarks>Nothing stays in memory where it throws.</remarks>
    public static PackedModel? Of(LanguageModel model, int sequences = 0)
    {
        if (!OwnKernels.AreOn || !Aten.HasOneDnn(model.Decoder.Type, model.Decoder.Device))
        {
            return null;
        }

        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        return new PackedModel(model, sequences);
    }

    /// <summary>
    /// Whether a sequence gets the same logits to the last bit whatever decodes beside it: what lies between the products is computed row by row here, and
    /// every product was tried with every number of rows that a step may have.
    /// </summary>
    public bool IsExact => _weights.TrueForAll(w => w.IsExact);

    /// <summary>So many rows at most are multiplied by own kernels in every product; 0: none are in some.</summary>
    public int FewRows => _weights.Min(w => w.FewRows);

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
        for (var i = 0; i < _layers.Count; i++)
        {
            using var inner = NewDisposeScope();
            var layer = _layers[i];
            var x = RowKernels.Norm(h, layer.Source.attention_norm, c.NormEpsilon);
            var all = layer.QueriesKeysValues.Linear(x, layer.QueriesKeysValuesBias);                     // [T, (H + 2K)·D]: queries, keys, values
            var heads = all.view(all.size(0), c.Heads + (2 * c.KeyValueHeads), c.HeadSize);
            var q = RowKernels.Rotate(heads.narrow(1, 0, c.Heads), layer.Source.q_norm, c.NormEpsilon, cos, sin);
            var k = RowKernels.Rotate(heads.narrow(1, c.Heads, c.KeyValueHeads), layer.Source.k_norm, c.NormEpsilon, cos, sin);
            var v = heads.narrow(1, c.Heads + c.KeyValueHeads, c.KeyValueHeads);
            if (rows is not null && i == _layers.Count - 1)
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
            h = Operators.InPieces(middle, (piece, _) => layer.FeedForward(piece, c.NormEpsilon)).MoveToOuterDisposeScope();
        }

        return RowKernels.Norm(h, _decoder.Norm, c.NormEpsilon).MoveToOuterDisposeScope();
    }

    /// <summary>Logits of hidden states.</summary>
    /// <param name="hidden">[T, C].</param>
    /// <returns>[T, V], owned by the caller's dispose scope.</returns>
    public Tensor Logits(Tensor hidden) => _head.Linear(hidden, null);

    public void Dispose()
    {
        _weights.ForEach(w => w.Dispose());
        _biases.ForEach(b => b.Dispose());
    }

    private Layer Pack(DecoderLayer source, DecoderConfiguration c, StepTrials? trials)
    {
        using var scope = NewDisposeScope();
        return new Layer(
            source,
            Packed(Joined(source.wqkv, c, source.q_proj, source.k_proj, source.v_proj)!, trials),
            Joined(source.wqkv_bias, c, source.q_proj_bias, source.k_proj_bias, source.v_proj_bias) is { } bias ? Kept(bias) : null,
            Packed(source.wo, trials),
            Packed(cat([source.w1, source.w3], 0), trials),
            source.w1_bias is null ? null : Kept(cat([source.w1_bias, source.w3_bias!], 0)),
            Packed(source.w2, trials));
    }

    private PackedWeight Packed(Tensor weight, StepTrials? trials)
    {
        var packed = new PackedWeight(weight, trials);
        _weights.Add(packed);
        return packed;
    }

    private Tensor Kept(Tensor bias)
    {
        _biases.Add(bias.DetachFromDisposeScope());
        return bias;
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
        DecoderLayer Source, PackedWeight QueriesKeysValues, Tensor? QueriesKeysValuesBias, PackedWeight Output, PackedWeight GateUp, Tensor? GateUpBias, PackedWeight Down)
    {
        public Tensor FeedForward(Tensor h, double epsilon)
        {
            var gated = RowKernels.SwiGlu(GateUp.Linear(RowKernels.Norm(h, Source.ffn_norm, epsilon), GateUpBias));       // [T, I]
            return Down.LinearAdd(gated, Source.w2_bias, h);
        }
    }
}
