using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using static TorchSharp.torch;

namespace BestOfN.Inference.Scoring;

/// <summary>
/// Attention of one packed pass: every run sees a shared prefix, its own earlier tokens and, causally, its new ones. Nothing is padded.
/// </summary>
/// <remarks>
/// <para>Each of the three is an attention of its own that also gives the log-sum-exp of its scores (<see cref="PartialAttention"/>); the
/// parts are merged exactly: the weight of the second is sigmoid(lse₂ − lse₁) (Juravsky et al. 2024, https://arxiv.org/abs/2402.05099). The
/// prefix is read in place by the queries of all its runs at once, whatever their lengths. Runs of one length share a call for their new
/// tokens.</para>
/// <para>Q queries, T tokens, H heads, K key/value heads, g = H/K, D head size. Runs with a common prefix must be adjacent, and within them
/// runs of one length.</para>
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
    private static void AttendOwn(OwnGroup group, bool last, Tensor q, Tensor k, Tensor v, Tensor output, Tensor logSumExp)
    {
        var (n, A, row) = (group.Count, group.Length, group.First.Row);
        if (last && !group.HasSingleLastRow)
        {
            for (var i = 0; i < group.First.Run.Rows.Count; i++)
            {
                var seen = group.First.Run.Rows[i] + 1;
                var query = group.First.Query + i;
                var (o, l) = PartialAttention.Attend(Queries(q, query, 1, 1), Keys(k, row, 1, seen), Keys(v, row, 1, seen), causal: false);
                Queries(output, query, 1, 1).copy_(o);
                Sums(logSumExp, query, 1, 1).copy_(l);
            }

            return;
        }

        // Queries per run: all, or in the last layer the last one, which sees everything. All runs and key heads in one call.
        var (first, m) = last ? (group.First.Query, 1) : (row, A);
        var (met, sums) = PartialAttention.Attend(Queries(q, first, n, m), Keys(k, row, n, A), Keys(v, row, n, A), causal: !last);
        Queries(output, first, n, m).copy_(met);
        Sums(logSumExp, first, n, m).copy_(sums);
    }

    /// <summary>Queries against what precedes them all, merged into what they have.</summary>
    private static void AttendPast(
        KeyValueBlock block, int length, int layer, int first, int count, Tensor q, Tensor output, Tensor logSumExp)
    {
        var (o, l) = PartialAttention.Attend(
            Queries(q, first, 1, count), block.Keys(layer, length).unsqueeze(0), block.Values(layer, length).unsqueeze(0), causal: false);
        var had = Sums(logSumExp, first, 1, count);
        var weight = (l - had).sigmoid_().unsqueeze(-1);
        Queries(output, first, 1, count).lerp_(o, weight.to(output.dtype));
        had.copy_(logaddexp(had, l));
    }

    /// <summary>Rows of [Q, K, g, D] as queries of n runs of m tokens: [n, K, g, m, D].</summary>
    private static Tensor Queries(Tensor x, int first, int n, int m) =>
        x.narrow(0, first, n * m).view(n, m, x.size(1), x.size(2), x.size(3)).permute(0, 2, 3, 1, 4);

    /// <summary>Rows of [Q, K, g] likewise: [n, K, g, m].</summary>
    private static Tensor Sums(Tensor x, int first, int n, int m) =>
        x.narrow(0, first, n * m).view(n, m, x.size(1), x.size(2)).permute(0, 2, 3, 1);

    /// <summary>Rows of [T, K, D] as keys of n runs of m tokens: [n, K, m, D].</summary>
    private static Tensor Keys(Tensor x, int first, int n, int m) =>
        x.narrow(0, first, n * m).view(n, m, x.size(1), x.size(2)).transpose(1, 2);

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
