using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>
/// The cache for any device: the fused kernel attends to own tokens and to prompts, whose forks are padded to the same number; the two
/// parts are merged by their log-sum-exps.
/// </summary>
internal sealed class PaddedForkCache(Decoder decoder, int prompts, int longest, int longestAnswer)
    : ForkCache(decoder, prompts, longest, longestAnswer)
{
    private int _prompts, _rows;
    private Tensor? _mask;          // [G, 1, 1, P]: 0 within a prompt, -infinity behind it; null where all are equally long
    private Tensor? _padding;       // [G * n]: which row stands at each place of the padded layout; null where all prompts have n rows
    private Tensor? _places;        // [R]: the place of each row in the padded layout

    // Where prompts have different numbers of rows left, queries are padded to the largest by repeating some row.
    public override void LayOut(IReadOnlyList<int> lengths, IReadOnlyList<int> rows)
    {
        DisposeLayout();
        (_prompts, _rows) = (lengths.Count, rows.Count);
        _mask = PromptMask.Of(lengths, Decoder)?.DetachFromDisposeScope();
        var counts = rows.CountBy(prompt => prompt).ToDictionary();
        var n = counts.Values.Max();
        if (counts.Count == _prompts && counts.Values.All(count => count == n))
        {
            return;
        }

        var (padding, places) = (new long[_prompts * n], new long[_rows]);
        var next = Enumerable.Range(0, _prompts).Select(prompt => (long)prompt * n).ToArray();
        for (var row = 0; row < _rows; row++)
        {
            places[row] = next[rows[row]]++;
            padding[places[row]] = row;
        }

        _padding = tensor(padding, device: Decoder.Device).DetachFromDisposeScope();
        _places = tensor(places, device: Decoder.Device).DetachFromDisposeScope();
    }

    public override Tensor Attend(int layer, Tensor q, Tensor k, Tensor v)
    {
        using var scope = NewDisposeScope();
        var c = Decoder.Configuration;
        var (G, R, K, g, D) = (_prompts, _rows, c.KeyValueHeads, c.Groups, c.HeadSize);
        var ownKeys = OwnKeys[layer].narrow(2, 0, OwnLength);
        var ownValues = OwnValues[layer].narrow(2, 0, OwnLength);
        ownKeys.select(2, OwnLength - 1).copy_(k);
        ownValues.select(2, OwnLength - 1).copy_(v);

        // 1. What the sequence itself said: [R, K, g, D].
        var (own, ownWeight) = Aten.FlashAttention(q.view(R, K, g, D), ownKeys, ownValues, causal: false);

        // 2. The prompt, all forks of a prompt side by side as queries of its heads: [G, K, n * g, D].
        var padded = _padding is null ? q : q.index_select(0, _padding);
        var n = padded.size(0) / G;
        var folded = padded.view(G, n, K, g, D).transpose(1, 2).reshape(G, K, n * g, D);
        var (shared, sharedWeight) = Aten.FlashAttention(folded, PromptKeys[layer], PromptValues[layer], causal: false, _mask);
        shared = shared.reshape(G, K, n, g, D).transpose(1, 2).reshape(G * n, K, g, D);
        sharedWeight = sharedWeight.reshape(G, K, n, g).transpose(1, 2).reshape(G * n, K, g);
        if (_places is not null)
        {
            (shared, sharedWeight) = (shared.index_select(0, _places), sharedWeight.index_select(0, _places));
        }

        // 3. Both parts by their share of the softmax's denominator.
        var weight = (sharedWeight - ownWeight).sigmoid_().unsqueeze(-1).to(q.dtype);
        return own.lerp(shared, weight).reshape(R, c.Heads, D).MoveToOuterDisposeScope();
    }

    public override void Dispose()
    {
        DisposeLayout();
        base.Dispose();
    }

    protected override int KeyRooms(int tokens) => tokens;

    protected override long[] KeyShape(int tokens) =>
        [_rows, Decoder.Configuration.KeyValueHeads, tokens, Decoder.Configuration.HeadSize];

    protected override long[] ValueShape(int tokens) => KeyShape(tokens);

    private void DisposeLayout()
    {
        _mask?.Dispose();
        _padding?.Dispose();
        _places?.Dispose();
        (_mask, _padding, _places) = (null, null, null);
    }
}
