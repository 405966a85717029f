using System.Buffers.Binary;

namespace BestOfN.Data.Cleaning;

/// <summary>What one pass over a corpus finds out: a few numbers per record, so that a large corpus fits.</summary>
internal sealed class CorpusIndex
{
    private readonly List<string> _sources = [];
    private readonly List<Entry> _records = [];
    private readonly List<byte> _bins = [];

    public int Count => _records.Count;

    public string SourceOf(int record) => _sources[_records[record].Source];

    public DropReasons ReasonsOf(int record) => _records[record].Reasons;

    /// <summary>The earlier record that says the same; null: none.</summary>
    public int? DuplicateOf(int record) => _records[record].DuplicateOf is var other and >= 0 ? other : null;

    /// <summary>What a record says and shows, in short: equal for equal content, and the same wherever the record stands. 0 for a record
    /// with a reason.</summary>
    public ulong KeyOf(int record) => _records[record].Key;

    public int AnswersOf(int record) => _records[record].Answers;

    /// <summary>Length bins of a record's answers, in order.</summary>
    public IEnumerable<byte> Bins(int record) => Enumerable.Range(_records[record].FirstBin, _records[record].Answers)
        .Select(i => _bins[i]);

    /// <param name="file">The corpus.</param>
    /// <param name="unnamed">The source of records that name none.</param>
    /// <param name="options">How records are read.</param>
    /// <param name="checks">Checks without a reward model.</param>
    /// <param name="progress">Told how many records are done.</param>
    /// <param name="cancellationToken">Ends the pass.</param>
    public static CorpusIndex Of(
        CorpusFile file, string unnamed, CleaningOptions options, RecordChecks checks, IProgress<int>? progress,
            CancellationToken cancellationToken)
    {
        var index = new CorpusIndex();
        var (sources, keys) = (new Dictionary<string, int>(), new Dictionary<UInt128, int>());
        foreach (var piece in file.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var record = CorpusRecord.Read(piece.Content.Span, options);
            var (reasons, key) = record is null ? (new DropReasons().With(DropReason.Unreadable), null)
                : checks.Check(record, cancellationToken);
            var duplicateOf = -1;
            if (key is not null && !keys.TryAdd(BitConverter.ToUInt128(key), index.Count))
            {
                (duplicateOf, reasons) = (keys[BitConverter.ToUInt128(key)], reasons.With(DropReason.Duplicate));
            }

            var name = record?.Source ?? unnamed;
            if (!sources.TryGetValue(name, out var source))
            {
                sources.Add(name, source = sources.Count);
                index._sources.Add(name);
            }

            var first = index._bins.Count;
            index._bins.AddRange(record?.Answers.Select(answer => SourceStatistics.Bin(AnswerText.Length(answer))) ?? []);
            var shortKey = key is null ? 0 : BinaryPrimitives.ReadUInt64BigEndian(key);
            index._records.Add(new(reasons, source, duplicateOf, first, index._bins.Count - first, shortKey));
            progress?.Report(index.Count);
        }

        return index;
    }

    private readonly record struct Entry(DropReasons Reasons, int Source, int DuplicateOf, int FirstBin, int Answers, ulong Key);
}
