using BestOfN.Inference.Kernels;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Networks;

/// <summary>One block: h + attention(norm(h)), then h + mlp(norm(h)).</summary>
/// <remarks>
/// T tokens, C hidden size, H query heads, K key/value heads, g = H/K, D head size, I MLP size. Pre-norm, SwiGLU (Shazeer 2020,
/// https://arxiv.org/abs/2002.05202).
/// </remarks>
internal sealed class DecoderLayer
{
    /// <summary>What the layer was loaded for.</summary>
    public required ComputeMode Mode { get; init; }

    /// <summary>[C].</summary>
    public required Tensor AttentionNorm { get; init; }

    /// <summary>[C].</summary>
    public required Tensor FeedForwardNorm { get; init; }

    /// <summary>[D]; null where the family does not normalize heads.</summary>
    public Tensor? QueryNorm { get; init; }

    /// <summary>[D]; null where the family does not normalize heads.</summary>
    public Tensor? KeyNorm { get; init; }

    /// <summary>C → (H + 2K)·D.</summary>
    public required Projection QueryKeyValue { get; init; }

    /// <summary>True: for each key/value head its g query heads, its key, its value (InternLM2). False: all queries, all keys, all
    /// values.</summary>
    public required bool IsGrouped { get; init; }

    /// <summary>H·D → C.</summary>
    public required Projection Output { get; init; }

    /// <summary>C → 2I: gate, then up.</summary>
    public required Projection GateUp { get; init; }

    /// <summary>I → C.</summary>
    public required Projection Down { get; init; }

    public IEnumerable<Projection> Projections => [QueryKeyValue, Output, GateUp, Down];

    /// <summary>Runs the block.</summary>
    /// <param name="c">Sizes.</param>
    /// <param name="index">Which layer this is.</param>
    /// <param name="h">[T, C].</param>
    /// <param name="cos">[T, D/2], as is <paramref name="sin"/>.</param>
    /// <param name="sin">See <paramref name="cos"/>.</param>
    /// <param name="attention">Which token attends to which.</param>
    /// <param name="output">The last layer need not give all rows.</param>
    /// <param name="images">Which of the T rows are parts of images; null: none.</param>
    /// <returns>[T, C] or [R, C]; null where only keys are wanted, after the attention got them.</returns>
    public Tensor? Forward(
        DecoderConfiguration c, int index, Tensor h, Tensor cos, Tensor sin, IAttention attention, DecoderOutput output = default,
        ImageRows? images = null)
    {
        using var scope = NewDisposeScope();
        var x = Operators.RmsNorm(h, AttentionNorm, c.NormEpsilon, Mode);
        var (q, k, v) = Heads(QueryKeyValue.Linear(x, images?.All), c);                     // [T, H, D], [T, K, D], [T, K, D]
        k = Rotate(k, KeyNorm, c.NormEpsilon, cos, sin);
        if (output.IsKeysOnly)
        {
            attention.Attend(index, null, k, v);
            return null;
        }

        if (output.Selected is { } rows)
        {
            images = images?.Among(rows);
            (q, h, cos, sin) = (q.index_select(0, rows), h.index_select(0, rows), cos.index_select(0, rows), sin.index_select(0, rows));
        }

        q = Rotate(q, QueryNorm, c.NormEpsilon, cos, sin);
        var context = attention.Attend(index, q, k, v)!;                                      // [R, H, D]
        h = Output.LinearAdd(context.reshape(context.size(0), c.Heads * c.HeadSize), h, images?.All);
        return (Mode == ComputeMode.Training
            ? FeedForward(h, c.NormEpsilon, images?.All)
            : Operators.InPieces(h, (piece, first) => FeedForward(piece, c.NormEpsilon, images?.Piece(first)))).MoveToOuterDisposeScope();
    }

    private Tensor FeedForward(Tensor h, double epsilon, RowSelection? images)
    {
        var both = GateUp.Linear(Operators.RmsNorm(h, FeedForwardNorm, epsilon, Mode), images);        // [T, 2I]
        return Down.LinearAdd(SwiGlu(both), h, images);
    }

    private Tensor SwiGlu(Tensor both)
    {
        if (Mode == ComputeMode.Inference && RowKernels.Serve(both.dtype, both.device))
        {
            return RowKernels.SwiGlu(both);
        }

        var parts = both.chunk(2, 1);
        return Mode == ComputeMode.Training ? F.silu(parts[0]) * parts[1] : parts[0].silu_().mul_(parts[1]);
    }

    private (Tensor Q, Tensor K, Tensor V) Heads(Tensor all, DecoderConfiguration c)
    {
        var (T, H, K) = (all.size(0), c.Heads, c.KeyValueHeads);
        if (IsGrouped)
        {
            all = all.view(T, K, c.Groups + 2, c.HeadSize);
            return (all.narrow(2, 0, c.Groups).reshape(T, H, c.HeadSize), all.select(2, c.Groups), all.select(2, c.Groups + 1));
        }

        all = all.view(T, H + (2 * K), c.HeadSize);
        return (all.narrow(1, 0, H), all.narrow(1, H, K), all.narrow(1, H + K, K));
    }

    // In place where no gradient is needed: the heads are the fresh result of a product.
    private Tensor Rotate(Tensor heads, Tensor? norm, double epsilon, Tensor cos, Tensor sin) =>
        Mode == ComputeMode.Inference && RowKernels.Serve(heads.dtype, heads.device) ? RowKernels.Rotate(heads, norm, epsilon, cos, sin)
            : RotaryEmbedding.Rotate(norm is null ? heads : Operators.RmsNorm(heads, norm, epsilon, Mode), cos, sin, Mode);
}
