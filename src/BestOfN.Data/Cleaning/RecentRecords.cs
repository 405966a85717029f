namespace BestOfN.Data.Cleaning;

/// <summary>The last records of each source: what others of it look like.</summary>
internal sealed class RecentRecords(int count)
{
    private readonly Dictionary<int, Queue<CorpusRecord>> _sources = [];

    /// <summary>The last records, the latest first.</summary>
    public IReadOnlyList<CorpusRecord> Of(int source) => _sources.TryGetValue(source, out var records) ? [.. records.Reverse()] : [];

    public void Add(int source, CorpusRecord record)
    {
        if (!_sources.TryGetValue(source, out var records))
        {
            _sources.Add(source, records = []);
        }

        records.Enqueue(record);
        if (records.Count > count)
        {
            records.Dequeue();
        }
    }
}
