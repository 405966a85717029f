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
        var wanted = output.Selected is null ? images : images?.Among(output.Selected);
        var (q, k, v) = Heads(c, x, output, images?.All, wanted?.All);                        // [R, H, D], [T, K, D], [T, K, D]
        k = Rotate(k, KeyNorm, c.NormEpsilon, cos, sin);
        if (output.IsKeysOnly)
        {
            attention.Attend(index, null, k, v);
            return null;
        }

        if (output.Selected is { } rows)
        {
            (h, cos, sin) = (h.index_select(0, rows), cos.index_select(0, rows), sin.index_select(0, rows));
        }

        q = Rotate(q!, QueryNorm, c.NormEpsilon, cos, sin);
        var context = attention.Attend(index, q, k, v)!;                                      // [R, H, D]
        h = Output.LinearAdd(context.reshape(context.size(0), c.Heads * c.HeadSize), h, wanted?.All);
        return (Mode == ComputeMode.Training
            ? FeedForward(h, c.NormEpsilon, wanted?.All)
            : Operators.InPieces(h, (piece, first) => FeedForward(piece, c.NormEpsilon, wanted?.Piece(first)))).MoveToOuterDisposeScope();
    }

    private Tensor FeedForward(Tensor h, double epsilon, RowSelection? images)
    {
        var x = Operators.RmsNorm(h, FeedForwardNorm, epsilon, Mode);
        return Down.LinearAdd(SwiGlu([.. GateUp.Apart.Select(part => part.Linear(x, images))]), h, images);
    }

    // Takes gate [T, I] and up [T, I], or [T, 2I] with both.
    private Tensor SwiGlu(Tensor[] outputs)
    {
        var areApart = outputs.Length == 2;
        if (Mode == ComputeMode.Inference && RowKernels.Serve(outputs[0].dtype, outputs[0].device))
        {
            return areApart ? RowKernels.SwiGlu(outputs[0], outputs[1], outputs[0]) : RowKernels.SwiGlu(outputs[0]);
        }

        var (gate, up) = areApart ? (outputs[0], outputs[1]) : Halves(outputs[0]);
        return Mode == ComputeMode.Training ? F.silu(gate) * up : gate.silu_().mul_(up);
    }

    private static (Tensor First, Tensor Second) Halves(Tensor both) => both.chunk(2, 1) is var halves ? (halves[0], halves[1]) : default;

    // Queries are computed for the rows asked for where they are multiplied apart, and not at all where only keys are wanted.
    private (Tensor? Q, Tensor K, Tensor V) Heads(
        DecoderConfiguration c, Tensor x, DecoderOutput output, RowSelection? images, RowSelection? wanted)
    {
        var (T, H, K, rows) = (x.size(0), c.Heads, c.KeyValueHeads, output.Selected);
        if (QueryKeyValue.Apart is [var query, var key, var value])
        {
            Tensor Project(Projection projection, Tensor input, RowSelection? selection) =>
                projection.Linear(input, selection).view(input.size(0), -1, c.HeadSize);
            return (
                output.IsKeysOnly ? null : Project(query, rows is null ? x : x.index_select(0, rows), wanted),
                Project(key, x, images), Project(value, x, images));
        }

        var all = QueryKeyValue.Linear(x, images);
        all = IsGrouped ? all.view(T, K, c.Groups + 2, c.HeadSize) : all.view(T, H + (2 * K), c.HeadSize);
        var q = IsGrouped ? all.narrow(2, 0, c.Groups) : all.narrow(1, 0, H);
        q = rows is null ? q : q.index_select(0, rows);
        return IsGrouped
            ? (q.reshape(q.size(0), H, c.HeadSize), all.select(2, c.Groups), all.select(2, c.Groups + 1))
            : (q, all.narrow(1, H, K), all.narrow(1, H + K, K));
    }

    // In place where no gradient is needed: the heads are the fresh result of a product.
    private Tensor Rotate(Tensor heads, Tensor? norm, double epsilon, Tensor cos, Tensor sin) =>
        Mode == ComputeMode.Inference && RowKernels.Serve(heads.dtype, heads.device) ? RowKernels.Rotate(heads, norm, epsilon, cos, sin)
            : RotaryEmbedding.Rotate(norm is null ? heads : Operators.RmsNorm(heads, norm, epsilon, Mode), cos, sin, Mode);
}
