namespace BestOfN.Inputs.Tokenizers;

/// <summary>Byte-pair merging in O(n log n): the best pair of neighbours first, by a heap with stale entries.</summary>
internal static class PairMerger
{
    /// <summary>Merges in place and leaves a list that starts at index 0.</summary>
    public static void Merge<TRanks>(Span<Symbol> symbols, TRanks ranks) where TRanks : IPairRanks
    {
        var heap = new PriorityQueue<(int Left, int Right, int Length, int Id), (double Rank, int Left)>();
        for (var i = 1; i < symbols.Length; i++)
        {
            Consider(symbols, i - 1, i, ranks, heap);
        }

        while (heap.TryDequeue(out var pair, out _))
        {
            ref var left = ref symbols[pair.Left];
            ref var right = ref symbols[pair.Right];
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Length)
            {
                continue; // one side was merged elsewhere meanwhile
            }

            (left.Length, left.Id, left.Next) = (pair.Length, pair.Id, right.Next);
            right.Length = 0;
            if (right.Next >= 0)
            {
                symbols[right.Next].Previous = pair.Left;
                Consider(symbols, pair.Left, right.Next, ranks, heap);
            }

            if (left.Previous >= 0)
            {
                Consider(symbols, left.Previous, pair.Left, ranks, heap);
            }
        }
    }

    /// <summary>Links freshly filled symbols in their order.</summary>
    public static void Link(Span<Symbol> symbols)
    {
        for (var i = 0; i < symbols.Length; i++)
        {
            symbols[i].Previous = i - 1;
            symbols[i].Next = i + 1 < symbols.Length ? i + 1 : -1;
        }
    }

    private static void Consider<TRanks>(
        Span<Symbol> symbols, int left, int right, TRanks ranks, PriorityQueue<(int, int, int, int), (double, int)> heap)
        where TRanks : IPairRanks
    {
        if (ranks.TryGet(symbols[left], symbols[right], out var rank, out var merged))
        {
            heap.Enqueue((left, right, symbols[left].Length + symbols[right].Length, merged), (rank, left));
        }
    }
}
