using BestOfN.Models.Native;
using BestOfN.Models.Networks;
using static TorchSharp.torch;

namespace BestOfN.Models.Scoring;

/// <summary>Attention of one packed pass: every run sees a shared prefix, its own earlier tokens and, causally, its new ones. Nothing is padded.</summary>
/// <remarks>
/// <para>
/// Each of the three is a fused attention of its own that also returns the log-sum-exp of its scores; the parts are merged exactly:
/// the weight of the second is sigmoid(lse₂ − lse₁) (Juravsky et al. 2024, https://arxiv.org/abs/2402.05099). The prefix is read in place by
/// the queries of all its runs at once, whatever their lengths. Runs of one length share a call for their new tokens.
/// </para>
/// <para>
/// M queries, H heads, K key/value heads, g = H/K, S keys, D head size. K takes the kernel's batch dimension, g its head dimension, so that
/// no key is ever repeated. Runs with a common prefix must be adjacent, and within them runs of one length.
/// </para>
/// </remarks>
internal sealed class PackedAttention : IAttention
{
    private readonly DecoderConfiguration _c;
    private readonly List<Span> _spans = [];
    private readonly List<OwnGroup> _own = [];
    private readonly List<PrefixGroup> _prefixes = [];
    private readonly int _queriesOfLastLayer;

    public PackedAttention(DecoderConfiguration configuration, IReadOnlyList<PackedRun> runs)
    {
        _c = configuration;
        var (row, query) = (0, 0);
        foreach (var run in runs)
        {
            var span = new Span(run, row, query);
            _spans.Add(span);
            if (_own.Count > 0 && _own[^1] is { } own && own.Length == span.Length && own.HasSingleLastRow && HasSingleLastRow(run))
            {
                _own[^1] = own with { Count = own.Count + 1 };
            }
            else
            {
                _own.Add(new OwnGroup(span, 1, HasSingleLastRow(run)));
            }

            if (run.Prefix is { } prefix && run.PrefixLength > 0)
            {
                if (_prefixes.Count > 0 && _prefixes[^1] is { } last && last.Block == prefix && last.Length == run.PrefixLength)
                {
                    _prefixes[^1] = last with { Rows = last.Rows + span.Length, Queries = last.Queries + run.Rows.Count };
                }
                else
                {
                    _prefixes.Add(new PrefixGroup(prefix, run.PrefixLength, row, span.Length, query, run.Rows.Count));
                }
            }

            row += span.Length;
            query += run.Rows.Count;
        }

        _queriesOfLastLayer = query;
    }

    public Tensor? Attend(int layer, Tensor? q, Tensor k, Tensor v)
    {
        using var scope = NewDisposeScope();
        foreach (var span in _spans)
        {
            span.Run.Own?.Write(layer, k.narrow(0, span.Row, span.Length), v.narrow(0, span.Row, span.Length));
        }

        if (q is null)
        {
            return null;
        }

        var last = layer == _c.Layers - 1;
        var Q = q.size(0);
        q = q.view(Q, _c.KeyValueHeads, _c.Groups, _c.HeadSize);                        // [Q, K, g, D]
        var output = empty_like(q);
        var logSumExp = empty([Q, _c.KeyValueHeads, _c.Groups], ScalarType.Float32, q.device);
        foreach (var group in _own)
        {
            using var inner = NewDisposeScope();
            AttendOwn(group, last, q, k, v, output, logSumExp);
        }

        foreach (var span in _spans)
        {
            var (first, count) = last ? (span.Query, span.Run.Rows.Count) : (span.Row, span.Length);
            if (span.Run.Own is { Length: > 0 } own && count > 0)
            {
                using var inner = NewDisposeScope();
                AttendPast(own, own.Length, layer, first, count, q, output, logSumExp);
            }
        }

        foreach (var group in _prefixes)
        {
            var (first, count) = last ? (group.Query, group.Queries) : (group.Row, group.Rows);
            if (count > 0)
            {
                using var inner = NewDisposeScope();
                AttendPast(group.Block, group.Length, layer, first, count, q, output, logSumExp);
            }
        }

        return output.view(Q, _c.Heads, _c.HeadSize).MoveToOuterDisposeScope();
    }

    private static bool HasSingleLastRow(PackedRun run) => run.Rows.Count == 1 && run.Rows[0] == run.Ids.Length - 1;

    /// <summary>New tokens among themselves.</summary>
    private void AttendOwn(OwnGroup group, bool last, Tensor q, Tensor k, Tensor v, Tensor output, Tensor logSumExp)
    {
        var (n, A, K) = (group.Count, group.Length, _c.KeyValueHeads);
        k = k.narrow(0, group.First.Row, n * A);
        v = v.narrow(0, group.First.Row, n * A);
        if (last && !group.HasSingleLastRow)
        {
            for (var i = 0; i < group.First.Run.Rows.Count; i++)
            {
                var seen = group.First.Run.Rows[i] + 1;
                var (o, l) = Flash(
                    q.narrow(0, group.First.Query + i, 1), k.narrow(0, 0, seen).transpose(0, 1), v.narrow(0, 0, seen).transpose(0, 1), causal: false);
                output.narrow(0, group.First.Query + i, 1).copy_(o);
                logSumExp.narrow(0, group.First.Query + i, 1).copy_(l);
            }

            return;
        }

        // Queries per run: all, or in the last layer the last one, which sees everything. One call per run or one per key head, whichever are fewer.
        var (first, m) = last ? (group.First.Query, 1) : (group.First.Row, A);
        q = q.narrow(0, first, n * m);
        output = output.narrow(0, first, n * m);
        logSumExp = logSumExp.narrow(0, first, n * m);
        Tensor HeadsOf(Tensor x) => x.view(n, A, K, _c.HeadSize).transpose(1, 2).reshape(n * K, A, _c.HeadSize);
        if (AttentionByProducts.Serves(q))
        {
            // All runs and key heads in one call: products take any number of them.
            var (o, l) = AttentionByProducts.Attend(
                q.view(n, m, K, _c.Groups, _c.HeadSize).permute(0, 2, 3, 1, 4).reshape(n * K, _c.Groups, m, _c.HeadSize), HeadsOf(k), HeadsOf(v), causal: !last);
            output.view(n, m, K, _c.Groups, _c.HeadSize).copy_(o.view(n, K, _c.Groups, m, _c.HeadSize).permute(0, 3, 1, 2, 4));
            logSumExp.view(n, m, K, _c.Groups).copy_(l.view(n, K, _c.Groups, m).permute(0, 3, 1, 2));
            return;
        }

        if (n <= K)
        {
            for (var i = 0; i < n; i++)
            {
                var (o, l) = Flash(
                    q.narrow(0, i * m, m), k.narrow(0, i * A, A).transpose(0, 1), v.narrow(0, i * A, A).transpose(0, 1), causal: !last);
                output.narrow(0, i * m, m).copy_(o);
                logSumExp.narrow(0, i * m, m).copy_(l);
            }

            return;
        }

        var (g, D) = (_c.Groups, _c.HeadSize);
        q = q.view(n, m, K, g, D);
        k = k.view(n, A, K, D);
        v = v.view(n, A, K, D);
        output = output.view(n, m, K, g, D);
        logSumExp = logSumExp.view(n, m, K, g);
        for (var j = 0; j < K; j++)
        {
            var (o, l) = Aten.FlashAttention(
                q.select(2, j).transpose(1, 2),                                         // [n, g, m, D]
                k.select(2, j).unsqueeze(1).expand(n, g, A, D),
                v.select(2, j).unsqueeze(1).expand(n, g, A, D),
                causal: !last);
            output.select(2, j).copy_(o.transpose(1, 2));
            logSumExp.select(2, j).copy_(l.transpose(1, 2));
        }
    }

    /// <summary>Queries against what precedes them all, merged into what they have.</summary>
    private static void AttendPast(KeyValueBlock block, int length, int layer, int first, int count, Tensor q, Tensor output, Tensor logSumExp)
    {
        var (o, l) = Flash(q.narrow(0, first, count), block.Keys(layer, length), block.Values(layer, length), causal: false);
        var had = logSumExp.narrow(0, first, count);
        var weight = (l - had).sigmoid_().unsqueeze(-1);
        output.narrow(0, first, count).lerp_(o, weight.to(output.dtype));
        had.copy_(logaddexp(had, l));
    }

    /// <param name="q">[M, K, g, D].</param>
    /// <param name="k">[K, S, D]; <paramref name="v"/> likewise.</param>
    /// <param name="causal">Query i sees keys 0..i.</param>
    /// <returns>[M, K, g, D] and [M, K, g], views.</returns>
    private static (Tensor Output, Tensor LogSumExp) Flash(Tensor q, Tensor k, Tensor v, bool causal)
    {
        var (M, K, g, D) = (q.size(0), q.size(1), q.size(2), q.size(3));
        if (!causal)
        {
            // Order does not matter: heads that share keys become queries of one head, and each key is read once.
            var (of, lf) = PartialAttention.Attend(q.transpose(0, 1).reshape(K, 1, M * g, D), k, v, causal: false);
            return (of.reshape(K, M, g, D).transpose(0, 1), lf.reshape(K, M, g).transpose(0, 1));
        }

        var (o, l) = PartialAttention.Attend(q.permute(1, 2, 0, 3), k, v, causal);
        return (o.permute(2, 0, 1, 3), l.permute(2, 0, 1));
    }

    /// <summary>Where a run lies: its first row among all tokens, its first query among those of the last layer.</summary>
    private sealed record Span(PackedRun Run, int Row, int Query)
    {
        public int Length => Run.Ids.Length;
    }

    /// <summary>Adjacent runs of one length, each read at its last token; or one run alone.</summary>
    private sealed record OwnGroup(Span First, int Count, bool HasSingleLastRow)
    {
        public int Length => First.Length;
    }

    /// <summary>Adjacent runs that see the same prefix.</summary>
    private sealed record PrefixGroup(KeyValueBlock Block, int Length, int Row, int Rows, int Query, int Queries);
}
