namespace BestOfN.Models.Tokenizers;

/// <summary>Byte-pair merging: the neighbours with the best score become one, until none has a score. Sennrich et al. 2016, https://arxiv.org/abs/1508.07909.</summary>
internal static class BpeMerges
{
    /// <param name="text">What to split; starts as its Unicode scalars.</param>
    /// <param name="score">The score of a merged piece, or null where it is none; the higher merges first, of equals the leftmost.</param>
    public static IEnumerable<string> Apply(string text, Func<string, float?> score)
    {
        var starts = new List<int>(text.Length);
        for (var i = 0; i < text.Length; i += char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) ? 2 : 1)
        {
            starts.Add(i);
        }

        var count = starts.Count;
        var (end, next, previous) = (new int[count], new int[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            end[i] = i + 1 < count ? starts[i + 1] : text.Length;
            (next[i], previous[i]) = (i + 1 < count ? i + 1 : -1, i - 1);
        }

        // An entry is stale once one of its sides has grown; its length then no longer fits.
        var queue = new PriorityQueue<(int Left, int Right, int Length), (float Score, int Left)>(
            Comparer<(float Score, int Left)>.Create((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Left.CompareTo(b.Left)));
        void Offer(int left, int right)
        {
            if (left >= 0 && right >= 0 && score(text[starts[left]..end[right]]) is { } found)
            {
                queue.Enqueue((left, right, end[right] - starts[left]), (found, left));
            }
        }

        for (var i = 0; i + 1 < count; i++)
        {
            Offer(i, i + 1);
        }

        while (queue.TryDequeue(out var pair, out _))
        {
            var (left, right, length) = pair;
            if (next[left] != right || end[left] <= starts[left] || end[right] <= starts[right] || end[right] - starts[left] != length)
            {
                continue;
            }

            end[left] = end[right];
            end[right] = starts[right];   // gone
            next[left] = next[right];
            if (next[right] >= 0)
            {
                previous[next[right]] = left;
            }

            next[right] = -1;
            Offer(previous[left], left);
            Offer(left, next[left]);
        }

        for (var i = 0; i >= 0 && i < count; i = next[i])
        {
            yield return text[starts[i]..end[i]];
        }
    }
}
