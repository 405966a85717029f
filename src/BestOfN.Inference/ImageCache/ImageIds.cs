namespace BestOfN.Inference.ImageCache;

/// <summary>
/// Which ids mean which image: a range for each, never overlapping. Not thread-safe: <see cref="ImageStore"/> guards it.
/// </summary>
/// <param name="firstId">The smallest id handed out.</param>
/// <param name="lastId">The largest.</param>
internal sealed class ImageIds(int firstId, int lastId)
{
    private readonly List<StoredImage> _ranges = [];      // ascending by first id
    private long _nextId = firstId;

    public IReadOnlyList<StoredImage> Images => _ranges;

    /// <summary>Gives the image ids: the first free ones behind those given last, from the beginning again where none are left.</summary>
    /// <exception cref="InvalidOperationException">No range is long enough.</exception>
    public void Place(StoredImage image, int count)
    {
        var first = Free(_nextId, count)
            ?? Free(firstId, count) ?? throw new InvalidOperationException("Too many pictures are in use at the same time.");
        (image.FirstId, image.Count) = ((int)first, count);
        _ranges.Insert(IndexBehind(first), image);
        _nextId = first + count;
    }

    /// <summary>The image that an id belongs to; null where there is none.</summary>
    public StoredImage? Find(int id) => IndexBehind(id) is > 0 and var i && _ranges[i - 1].Covers(id) ? _ranges[i - 1] : null;

    /// <summary>The image's ids may be given to others.</summary>
    public void Remove(StoredImage image) => _ranges.Remove(image);

    public void Clear() => _ranges.Clear();

    private long? Free(long from, int count)
    {
        var i = IndexBehind(from);
        var candidate = i == 0 ? from : Math.Max(from, (long)_ranges[i - 1].FirstId + _ranges[i - 1].Count);
        for (; i < _ranges.Count && _ranges[i].FirstId - candidate < count; i++)
        {
            candidate = Math.Max(candidate, (long)_ranges[i].FirstId + _ranges[i].Count);
        }

        return candidate + count - 1 <= lastId ? candidate : null;
    }

    /// <summary>How many ranges begin at the id or before it.</summary>
    private int IndexBehind(long id)
    {
        var (low, high) = (0, _ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _ranges[middle].FirstId <= id ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
