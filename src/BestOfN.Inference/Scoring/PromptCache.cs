using BestOfN.Inference.ImageCache;

namespace BestOfN.Inference.Scoring;

/// <summary>
/// States of prompts by content, least recently used out first. The longest known beginning of a new prompt is taken over.
/// </summary>
/// <remarks>Device thread only; the counters may be read from anywhere.</remarks>
internal sealed class PromptCache(PackedScorer scorer, long budget) : IDisposable
{
    // Copying less than this is not worth its calls; nearly all prompts of a family begin with the same few tokens.
    private const int ShortestReuse = 8;

    private readonly List<PromptEntry> _entries = [];
    private long _uses;
    private long _bytes;
    private long _hits;
    private long _partialHits;
    private long _misses;
    private long _reusedTokens;
    private long _evictions;

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Prompts that were there as a whole.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Prompts whose beginning was there.</summary>
    public long PartialHits => Interlocked.Read(ref _partialHits);

    public long Misses => Interlocked.Read(ref _misses);

    /// <summary>Prompt tokens that need not be computed, because they were.</summary>
    public long ReusedTokens => Interlocked.Read(ref _reusedTokens);

    public long Evictions => Interlocked.Read(ref _evictions);

    public int Count => _entries.Count;

    /// <summary>The state that holds these tokens at its beginning, computed or still to be.</summary>
    /// <param name="ids">The prompt.</param>
    /// <param name="images">Those in it.</param>
    public PromptEntry Lease(int[] ids, IReadOnlyList<StoredImage> images)
    {
        var entry = _entries.Find(e => e.Ids.AsSpan().StartsWith(ids));
        if (entry is not null)
        {
            Interlocked.Increment(ref _hits);
            Interlocked.Add(ref _reusedTokens, Math.Min(ids.Length, entry.Block.Length));
        }
        else
        {
            entry = Add(ids, images);
        }

        entry.Leases++;
        entry.LastUse = ++_uses;
        return entry;
    }

    public void Return(PromptEntry entry)
    {
        entry.Leases--;
        entry.LastUse = ++_uses;
        Trim(budget);
    }

    public void Dispose()
    {
        foreach (var entry in _entries)
        {
            entry.Block.Dispose();
        }

        _entries.Clear();
        Interlocked.Exchange(ref _bytes, 0);
    }

    private PromptEntry Add(int[] ids, IReadOnlyList<StoredImage> images)
    {
        var (best, length) = (default(PromptEntry), 0);
        foreach (var candidate in _entries)
        {
            var common = Math.Min(candidate.Block.Length, candidate.Ids.AsSpan().CommonPrefixLength(ids));
            if (common > length)
            {
                (best, length) = (candidate, common);
            }
        }

        var block = scorer.NewBlock(ids.Length);
        if (best is not null && length >= ShortestReuse)
        {
            block.CopyFrom(best.Block, length);
            best.LastUse = ++_uses;
            Interlocked.Increment(ref _partialHits);
            Interlocked.Add(ref _reusedTokens, length);
        }
        else
        {
            Interlocked.Increment(ref _misses);
        }

        var entry = new PromptEntry(ids, block, images);
        scorer.Images?.Mention(images);
        Trim(budget - block.Bytes);
        _entries.Add(entry);
        Interlocked.Add(ref _bytes, block.Bytes);
        return entry;
    }

    private void Trim(long allowed)
    {
        while (Bytes > allowed && _entries.Where(e => e.Leases == 0).MinBy(e => e.LastUse) is { } oldest)
        {
            _entries.Remove(oldest);
            Interlocked.Add(ref _bytes, -oldest.Block.Bytes);
            Interlocked.Increment(ref _evictions);
            oldest.Block.Dispose();
            scorer.Images?.Unmention(oldest.Images);
        }
    }
}
