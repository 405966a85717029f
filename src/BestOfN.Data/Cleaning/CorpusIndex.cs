using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Images;

namespace BestOfN.Data.Cleaning;

/// <summary>What one pass over a corpus finds out: some fifty bytes per record, so that a large corpus fits.</summary>
/// <remarks>The index of a shard knows all records, and the reasons of its own. Read-only once it is made.</remarks>
public sealed class CorpusIndex
{
    private const string Format = "bestofn corpus index 1";
    private const int LongestRecord = short.MaxValue;

    private readonly List<string> _sources = [];
    private readonly GrowingList<IndexEntry> _records = new();
    private readonly GrowingList<byte> _bins = new();

    /// <summary>How many records there are.</summary>
    public int Count => _records.Count;

    internal int AnswerCount => _bins.Count;

    internal IReadOnlyList<string> Sources => _sources;

    internal string SourceOf(int record) => _sources[_records[record].Source];

    internal int SourceNumberOf(int record) => _records[record].Source;

    internal DropReasons ReasonsOf(int record) => new(_records[record].Reasons);

    /// <summary>The earlier record that says the same; null: none.</summary>
    internal int? DuplicateOf(int record) => _records[record].DuplicateOf is var other and >= 0 ? other : null;

    /// <summary>What a record says and shows, in short: equal for equal content, and the same wherever the record stands. 0 for a record
    /// with a reason.</summary>
    internal ulong KeyOf(int record) => (ulong)(_records[record].Key >> 64);

    internal bool IsIn(Shard shard, int record) => shard.Has(_records[record].ShardKey);

    internal int AnswersOf(int record) => _records[record].Answers;

    /// <summary>Number of a record's first answer among all answers.</summary>
    internal int FirstAnswerOf(int record) => _records[record].FirstAnswer;

    /// <summary>Length bin of an answer.</summary>
    internal byte BinOf(int answer) => _bins[answer];

    /// <summary>Reads the corpus once and checks every record of a shard.</summary>
    /// <param name="corpus">The corpus.</param>
    /// <param name="shard">Records of other shards are read, but their images are not decoded.</param>
    /// <param name="progress">Told how many records are done.</param>
    /// <param name="cancellationToken">Ends the pass.</param>
    public static CorpusIndex Of(Corpus corpus, Shard shard, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(shard);
        var index = new CorpusIndex();
        var (sources, keys) = (new Dictionary<string, int>(), new KeySet(i => index._records[i].Key));
        var checks = new RecordChecks(corpus.Options);
        var near = corpus.Options.NearDuplicates ? new NearDuplicates() : null;
        foreach (var (part, piece) in corpus.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var record = CorpusRecord.Read(piece, corpus.Options);
            var (reasons, key, images) = record is null ? (new DropReasons().With(DropReason.Unreadable), null, [])
                : checks.Check(record, part.Images);
            var shardKey = BinaryPrimitives.ReadUInt64BigEndian(key ?? PlaceOf(part, piece));
            if (shard.Has(shardKey))
            {
                var pictures = images.Where(image => !image.Image.IsVideo)
                    .Select(image => RecordChecks.Decode(image.Content, cancellationToken)).ToArray();
                reasons = pictures.Contains(null) || images.Any(image => image.Content.IsEmpty)
                    ? reasons.With(DropReason.BrokenImage) : reasons;
                if (reasons.IsEmpty && near?.Find(record!, pictures!, index.Count) is { } other)
                {
                    index.Add(record, reasons.With(DropReason.NearDuplicate), 0, shardKey, other, Source(record, part));
                    progress?.Report(index.Count);
                    continue;
                }
            }

            var duplicateOf = -1;
            var whole = key is null || !reasons.IsEmpty ? 0 : BinaryPrimitives.ReadUInt128BigEndian(key);
            if (whole != 0 && !keys.TryAdd(whole, index.Count, out duplicateOf))
            {
                (whole, reasons) = (0, reasons.With(DropReason.Duplicate));
            }

            index.Add(record, reasons, whole, shardKey, duplicateOf, Source(record, part));
            progress?.Report(index.Count);
        }

        return index;

        int Source(CorpusRecord? record, CorpusPart part)
        {
            var name = part.Source ?? record?.Source ?? Path.GetFileName(part.Path);
            if (!sources.TryGetValue(name, out var source))
            {
                sources.Add(name, source = sources.Count);
                index._sources.Add(name);
            }

            return source;
        }
    }

    /// <summary>Keeps the index in a file, which appears when it is whole.</summary>
    public void Save(string path, Corpus corpus, Shard shard)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(shard);
        using var file = new WholeFile(path);
        file.Stream.Write(JsonSerializer.SerializeToUtf8Bytes(new
        {
            format = Format, corpus = corpus.Fingerprint, shard = $"{shard.Index}/{shard.Count}", records = Count, answers = AnswerCount,
            sources = _sources,
        }));
        file.Stream.WriteByte((byte)'\n');
        foreach (var chunk in _records.Chunks())
        {
            file.Stream.Write(MemoryMarshal.AsBytes(chunk.Span));
        }

        foreach (var chunk in _bins.Chunks())
        {
            file.Stream.Write(chunk.Span);
        }

        file.Finish();
    }

    /// <summary>Reads an index that was saved for the same corpus, the same checks and the same shard.</summary>
    /// <returns>Null where there is none.</returns>
    public static CorpusIndex? Load(string path, Corpus corpus, Shard shard)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(shard);
        if (!File.Exists(path))
        {
            return null;
        }

        using var file = new BufferedStream(File.OpenRead(path), 1 << 16);
        try
        {
            var header = new MemoryStream();
            for (int next; (next = file.ReadByte()) is not (-1 or '\n');)
            {
                header.WriteByte((byte)next);
            }

            var said = JsonElement.Parse(header.ToArray());
            if (said.GetProperty("format").GetString() != Format || said.GetProperty("corpus").GetString() != corpus.Fingerprint
                || said.GetProperty("shard").GetString() != string.Create(CultureInfo.InvariantCulture, $"{shard.Index}/{shard.Count}"))
            {
                return null;
            }

            var index = new CorpusIndex();
            index._sources.AddRange(said.GetProperty("sources").EnumerateArray().Select(name => name.GetString()!));
            Span<byte> entry = stackalloc byte[Marshal.SizeOf<IndexEntry>()];
            for (var left = said.GetProperty("records").GetInt32(); left > 0; left--)
            {
                file.ReadExactly(entry);
                index._records.Add(MemoryMarshal.Read<IndexEntry>(entry));
            }

            for (var left = said.GetProperty("answers").GetInt32(); left > 0; left--)
            {
                index._bins.Add((byte)file.ReadByte());
            }

            return index;
        }
        catch (Exception e) when (e is JsonException or EndOfStreamException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Puts the indices of all shards together.</summary>
    /// <param name="shards">One for each shard, in order, all of one corpus.</param>
    public static CorpusIndex Join(IReadOnlyList<CorpusIndex> shards)
    {
        ArgumentNullException.ThrowIfNull(shards);
        var index = shards[0];
        for (var record = 0; record < index.Count; record++)
        {
            index._records[record] = shards[(int)(index._records[record].ShardKey % (ulong)shards.Count)]._records[record];
        }

        return index;
    }

    private void Add(CorpusRecord? record, DropReasons reasons, UInt128 key, ulong shardKey, int duplicateOf, int source)
    {
        var first = _bins.Count;
        foreach (var turn in record?.Judged.Take(LongestRecord) ?? [])
        {
            _bins.Add(SourceStatistics.Bin(AnswerText.Length(record!.Turns[turn].Text)));
        }

        _records.Add(new(key, shardKey, source, first, duplicateOf, (short)reasons.Bits, (short)(_bins.Count - first)));
    }

    // A record without a key belongs to a shard by its place.
    private static byte[] PlaceOf(CorpusPart part, CorpusPiece piece) =>
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{part.Name}\n{piece.Number}")));
}
