namespace BestOfN.Data.Cleaning;

/// <summary>A list of small values that grows without being copied: a corpus has millions of records. Not thread-safe.</summary>
internal sealed class GrowingList<T> where T : unmanaged
{
    private const int ChunkBits = 16;
    private const int ChunkMask = (1 << ChunkBits) - 1;

    private readonly List<T[]> _chunks = [];

    public int Count { get; private set; }

    public T this[int i]
    {
        get => _chunks[i >> ChunkBits][i & ChunkMask];
        set => _chunks[i >> ChunkBits][i & ChunkMask] = value;
    }

    /// <summary>A list of equal values.</summary>
    public static GrowingList<T> Of(int count, T value)
    {
        var list = new GrowingList<T>();
        for (; list.Count < count; list.Count = Math.Min(count, list.Count + ChunkMask + 1))
        {
            var chunk = new T[ChunkMask + 1];
            chunk.AsSpan().Fill(value);
            list._chunks.Add(chunk);
        }

        return list;
    }

    public void Add(T value)
    {
        if (Count >> ChunkBits == _chunks.Count)
        {
            _chunks.Add(new T[ChunkMask + 1]);
        }

        Count++;
        this[Count - 1] = value;
    }

    /// <summary>The values in pieces, in order.</summary>
    public IEnumerable<ReadOnlyMemory<T>> Chunks() =>
        _chunks.Select((chunk, i) => (ReadOnlyMemory<T>)chunk.AsMemory(0, Math.Min(chunk.Length, Count - (i << ChunkBits))));
}
