using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Networks;

/// <summary>One block: h + attention(norm(h)), then h + mlp(norm(h)). Fields bear the names of the InternLM2 checkpoint.</summary>
/// <remarks>T tokens, C hidden size, H query heads, K key/value heads, D head size. Pre-norm, SwiGLU (Shazeer 2020, https://arxiv.org/abs/2002.05202).</remarks>
internal sealed class DecoderLayer
{
    private const long MostPieceRows = 2048;

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
        var x = Norm(h, attention_norm, configuration.NormEpsilon);
        var (q, k, v) = Project(configuration, x, rows, pictures);
        k = Turn(k, k_norm, configuration.NormEpsilon, cos, sin);
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

        q = Turn(q!, q_norm, configuration.NormEpsilon, cos, sin);
        var met = attention.Attend(index, q, k, v)!;                                    // [R, H, D]
        met = met.reshape(met.size(0), configuration.Heads * configuration.HeadSize);
        if (is_grad_enabled())
        {
            h = h.add(Add(wo_plora, Linear(met, wo, wo_bias), met, pictures?.All), HeldScalar.One);
            var gated = Gated(configuration, h, pictures?.All);
            return h.add(Add(w2_plora, Linear(gated, w2, w2_bias), gated, pictures?.All), HeldScalar.One).MoveToOuterDisposeScope();
        }

        // Without gradients the residual is added by the product itself, and the feed-forward part goes through in pieces, to bound its memory.
        h = Add(wo_plora, Sum(h, met, wo, wo_bias), met, pictures?.All);
        return InPieces(h, (piece, first) => FeedForward(configuration, piece, pictures?.Piece(first))).MoveToOuterDisposeScope();
    }

    /// <summary>What becomes of rows of which none looks at another, <see cref="PieceRows"/> at a time.</summary>
    /// <param name="h">[T, C].</param>
    /// <param name="part">Gets some adjacent rows, and which the first is; its result is as large.</param>
    /// <returns>[T, C], in the dispose scope of the caller.</returns>
    internal static Tensor InPieces(Tensor h, Func<Tensor, long, Tensor> part)
    {
        var (T, pieceRows) = (h.size(0), PieceRows(h.size(0)));
        if (T <= pieceRows)
        {
            return part(h, 0);
        }

        var result = empty_like(h);
        for (long first = 0; first < T; first += pieceRows)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(pieceRows, T - first);
            result.narrow(0, first, count).copy_(part(h.narrow(0, first, count), first));
        }

        return result;
    }

    /// <summary>Rows that go through the feed-forward part at a time; few, and products would order the weights anew for each.</summary>
    /// <param name="total">Rows of the pass.</param>
    internal static long PieceRows(long total)
    {
        var pieces = Math.Max(1, (total + MostPieceRows - 1) / MostPieceRows);
        return Math.Max(1, (total + pieces - 1) / pieces);
    }

    /// <summary>x · weightᵀ + bias in the weight's type, as wide as x was; with gradients where they are enabled.</summary>
    internal static Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        if (x.dtype != weight.dtype)
        {
            using var scope = NewDisposeScope();
            return F.linear(x.to(weight.dtype), weight, bias?.to(weight.dtype)).to(x.dtype).MoveToOuterDisposeScope();
        }

        return !is_grad_enabled() && Aten.HasOneDnn(x.dtype, x.device) ? Aten.Linear(x, weight, bias) : F.linear(x, weight, bias);
    }

    /// <summary>x · rsqrt(mean(x²) + eps) · weight, in float32 within.</summary>
    internal static Tensor Norm(Tensor x, Tensor weight, double epsilon)
    {
        if (x.dim() == 2 && weight.dtype == x.dtype && RowKernels.Serve(x.dtype, x.device))
        {
            return RowKernels.Norm(x, weight, epsilon);
        }

        if (!is_grad_enabled())
        {
            return Aten.RmsNorm(x, weight, epsilon);
        }

        using var scope = NewDisposeScope();
        var wide = x.to(ScalarType.Float32);
        using TorchSharp.Scalar held = epsilon;
        var normed = wide * (wide * wide).mean([-1], keepdim: true).add(held, HeldScalar.One).rsqrt();
        return (normed.to(x.dtype) * weight).MoveToOuterDisposeScope();
    }

    private static Tensor Add(PartialLora? branch, Tensor y, Tensor x, RowSelection? pictures) =>
        branch is null || pictures is null ? y : branch.AddTo(y, x, pictures.Value);

    private Tensor Gated(DecoderConfiguration configuration, Tensor h, RowSelection? pictures)
    {
        var x = Norm(h, ffn_norm, configuration.NormEpsilon);
        var gate = Add(w1_plora, Linear(x, w1, w1_bias), x, pictures);
        var up = Add(w3_plora, Linear(x, w3, w3_bias), x, pictures);
        return RowKernels.Serve(gate.dtype, gate.device) ? RowKernels.Gate(gate, up, gate)
            : is_grad_enabled() ? F.silu(gate) * up
            : gate.silu_().mul_(up);
    }

    // Into the heads themselves where nobody differentiates: they are fresh from a product.
    private static Tensor Turn(Tensor heads, Tensor? norm, double epsilon, Tensor cos, Tensor sin) =>
        RowKernels.Serve(heads.dtype, heads.device) ? RowKernels.Turn(heads, norm, epsilon, cos, sin)
            : RotaryEmbedding.Rotate(norm is null ? heads : Norm(heads, norm, epsilon), cos, sin);

    private Tensor FeedForward(DecoderConfiguration configuration, Tensor h, RowSelection? pictures)
    {
        var gated = Gated(configuration, h, pictures);
        return Add(w2_plora, Sum(h, gated, w2, w2_bias), gated, pictures);
    }

    /// <summary>h + x · weightᵀ + bias.</summary>
    private static Tensor Sum(Tensor h, Tensor x, Tensor weight, Tensor? bias)
    {
        if (Aten.HasOneDnn(x.dtype, x.device))
        {
            return Aten.LinearAdd(x, weight, bias, h);
        }

        var sum = addmm(h, x, weight.t(), beta: 1, alpha: 1);
        return bias is null ? sum : sum.add_(bias, HeldScalar.One);
    }

    private (Tensor? Q, Tensor K, Tensor V) Project(DecoderConfiguration c, Tensor x, Tensor? rows, PictureRows? pictures)
    {
        var T = x.size(0);
        if (wqkv is not null)
        {
            var all = Add(wqkv_plora, Linear(x, wqkv, wqkv_bias), x, pictures?.All).view(T, c.KeyValueHeads, c.Groups + 2, c.HeadSize);
            var q = all.narrow(2, 0, c.Groups);
            q = rows is null ? q : q.index_select(0, rows);
            return (q.reshape(q.size(0), c.Heads, c.HeadSize), all.select(2, c.Groups), all.select(2, c.Groups + 1));
        }

        var k = Linear(x, k_proj!, k_proj_bias).view(T, c.KeyValueHeads, c.HeadSize);
        var v = Linear(x, v_proj!, v_proj_bias).view(T, c.KeyValueHeads, c.HeadSize);
        if (rows is not null)
        {
            x = x.index_select(0, rows);
        }

        return (Linear(x, q_proj!, q_proj_bias).view(x.size(0), c.Heads, c.HeadSize), k, v);
    }
}
