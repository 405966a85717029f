using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Networks;

/// <summary>One block: h + attention(norm(h)), then h + mlp(norm(h)). Fields bear the names of the InternLM2 checkpoint.</summary>
/// <remarks>T tokens, C hidden size, H query heads, K key/value heads, D head size. Pre-norm, SwiGLU (Shazeer 2020, https://arxiv.org/abs/2002.05202).</remarks>
internal sealed class DecoderLayer
{
    /// <summary>What the layer was loaded for.</summary>
    public required ComputeMode Mode { get; init; }

    public required Tensor attention_norm { get; init; }
    public required Tensor ffn_norm { get; init; }
    public required Tensor w1 { get; init; }
    public required Tensor w2 { get; init; }
    public required Tensor w3 { get; init; }
    public required Tensor wo { get; init; }
    public Tensor? w1_bias { get; init; }
    public Tensor? w2_bias { get; init; }
    public Tensor? w3_bias { get; init; }
    public Tensor? wo_bias { get; init; }

    /// <summary>InternLM2: per key/value head its query heads, its key, its value, one below the other. Null where the family keeps them apart.</summary>
    public Tensor? wqkv { get; init; }
    public Tensor? wqkv_bias { get; init; }
    public Tensor? q_proj { get; init; }
    public Tensor? k_proj { get; init; }
    public Tensor? v_proj { get; init; }
    public Tensor? q_proj_bias { get; init; }
    public Tensor? k_proj_bias { get; init; }
    public Tensor? v_proj_bias { get; init; }
    public Tensor? q_norm { get; init; }
    public Tensor? k_norm { get; init; }
    public PartialLora? wqkv_plora { get; init; }
    public PartialLora? wo_plora { get; init; }
    public PartialLora? w1_plora { get; init; }
    public PartialLora? w2_plora { get; init; }
    public PartialLora? w3_plora { get; init; }

    /// <summary>Runs the block.</summary>
    /// <param name="configuration">Sizes.</param>
    /// <param name="index">Which layer this is.</param>
    /// <param name="h">[T, C].</param>
    /// <param name="cos">[T, D/2]; <paramref name="sin"/> likewise.</param>
    /// <param name="attention">Who sees whom.</param>
    /// <param name="rows">Last layer only: the rows whose output is wanted, [R] int64; null for all.</param>
    /// <param name="pictures">Which of the T rows are parts of pictures; null: none.</param>
    /// <returns>[T, C] or [R, C]; null where <paramref name="rows"/> is empty, after keys and values were handed over.</returns>
    public Tensor? Forward(
        DecoderConfiguration configuration, int index, Tensor h, Tensor cos, Tensor sin, IAttention attention, Tensor? rows, PictureRows? pictures = null)
    {
        using var scope = NewDisposeScope();
        var x = Operators.RmsNorm(h, attention_norm, configuration.NormEpsilon, Mode);
        var (q, k, v) = Project(configuration, x, rows, pictures);
        k = Rotate(k, k_norm, configuration.NormEpsilon, cos, sin);
        if (rows is not null)
        {
            if (rows.NumberOfElements == 0)
            {
                attention.Attend(index, null, k, v);
                return null;
            }

            pictures = pictures?.Among(rows);
            (h, cos, sin) = (h.index_select(0, rows), cos.index_select(0, rows), sin.index_select(0, rows));
        }

        q = Rotate(q!, q_norm, configuration.NormEpsilon, cos, sin);
        var met = attention.Attend(index, q, k, v)!;                                    // [R, H, D]
        met = met.reshape(met.size(0), configuration.Heads * configuration.HeadSize);
        if (Mode == ComputeMode.Training)
        {
            h = h.add(Add(wo_plora, Operators.Linear(met, wo, wo_bias, Mode), met, pictures?.All), HeldScalar.One);
            var gated = Gated(configuration, h, pictures?.All);
            return h.add(Add(w2_plora, Operators.Linear(gated, w2, w2_bias, Mode), gated, pictures?.All), HeldScalar.One).MoveToOuterDisposeScope();
        }

        // Without gradients the residual is added by the product itself, and the feed-forward part goes through in pieces, to bound its memory.
        h = Add(wo_plora, Operators.LinearAdd(met, wo, wo_bias, h, Mode), met, pictures?.All);
        return Operators.InPieces(h, (piece, first) => FeedForward(configuration, piece, pictures?.Piece(first))).MoveToOuterDisposeScope();
    }

    private Tensor Add(PartialLora? branch, Tensor y, Tensor x, RowSelection? pictures) =>
        branch is null || pictures is null ? y : branch.AddTo(y, x, pictures.Value, Mode);

    private Tensor Gated(DecoderConfiguration configuration, Tensor h, RowSelection? pictures)
    {
        var x = Operators.RmsNorm(h, ffn_norm, configuration.NormEpsilon, Mode);
        var gate = Add(w1_plora, Operators.Linear(x, w1, w1_bias, Mode), x, pictures);
        var up = Add(w3_plora, Operators.Linear(x, w3, w3_bias, Mode), x, pictures);
        return Mode == ComputeMode.Training ? F.silu(gate) * up
            : RowKernels.Serve(gate.dtype, gate.device) ? RowKernels.SwiGlu(gate, up, gate)
            : gate.silu_().mul_(up);
    }

    // In place where no gradient is needed: the tensor is the fresh result of a product.
    private Tensor Rotate(Tensor heads, Tensor? norm, double epsilon, Tensor cos, Tensor sin) =>
        Mode == ComputeMode.Inference && RowKernels.Serve(heads.dtype, heads.device) ? RowKernels.Rotate(heads, norm, epsilon, cos, sin)
            : RotaryEmbedding.Rotate(norm is null ? heads : Operators.RmsNorm(heads, norm, epsilon, Mode), cos, sin, Mode);

    private Tensor FeedForward(DecoderConfiguration configuration, Tensor h, RowSelection? pictures)
    {
        var gated = Gated(configuration, h, pictures);
        return Add(w2_plora, Operators.LinearAdd(gated, w2, w2_bias, h, Mode), gated, pictures);
    }

    private (Tensor? Q, Tensor K, Tensor V) Project(DecoderConfiguration c, Tensor x, Tensor? rows, PictureRows? pictures)
    {
        var T = x.size(0);
        if (wqkv is not null)
        {
            var all = Add(wqkv_plora, Operators.Linear(x, wqkv, wqkv_bias, Mode), x, pictures?.All).view(T, c.KeyValueHeads, c.Groups + 2, c.HeadSize);
            var q = all.narrow(2, 0, c.Groups);
            q = rows is null ? q : q.index_select(0, rows);
            return (q.reshape(q.size(0), c.Heads, c.HeadSize), all.select(2, c.Groups), all.select(2, c.Groups + 1));
        }

        var k = Operators.Linear(x, k_proj!, k_proj_bias, Mode).view(T, c.KeyValueHeads, c.HeadSize);
        var v = Operators.Linear(x, v_proj!, v_proj_bias, Mode).view(T, c.KeyValueHeads, c.HeadSize);
        if (rows is not null)
        {
            x = x.index_select(0, rows);
        }

        return (Operators.Linear(x, q_proj!, q_proj_bias, Mode).view(x.size(0), c.Heads, c.HeadSize), k, v);
    }
}
