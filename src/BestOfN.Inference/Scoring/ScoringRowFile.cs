using System.Security.Cryptography;
using BestOfN.Inputs.Records;

namespace BestOfN.Inference.Scoring;

/// <summary>
/// A file of rows to be scored, one JSON object a line; blank lines are skipped. Read once and found in order before anything is scored.
/// </summary>
public sealed class ScoringRowFile
{
    private readonly string _folder;
    private readonly byte[] _digest;
    private readonly IReadOnlyDictionary<int, string> _repeated;

    private ScoringRowFile(string path, int count, bool hasText, byte[] digest, IReadOnlyDictionary<int, string> repeated)
    {
        (Path, Count, HasText, _digest, _repeated) = (path, count, hasText, digest, repeated);
        _folder = FolderOf(path);
    }

    public string Path { get; }

    /// <summary>How many rows, bad ones included.</summary>
    public int Count { get; }

    /// <summary>False where all rows are token ids, for which no tokenizer is needed.</summary>
    public bool HasText { get; }

    /// <param name="path">The file.</param>
    /// <param name="keepsBadRows">True: a row that is not as expected is no error here; it is one in the output.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">There is no row, or one is not as expected or has the id of another. The message names file
    /// and line.</exception>
    public static ScoringRowFile Open(string path, bool keepsBadRows = false, CancellationToken cancellationToken = default)
    {
        var lines = new Dictionary<string, int>();
        var repeated = new Dictionary<int, string>();
        var (count, hasText) = (0, false);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var read in Lines(path, FolderOf(path), hash))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var row = read;
            if (row.Error is null && !lines.TryAdd(ScoringRow.Key(row.Id), row.Line))
            {
                row = row with { Error = $"id {row.Id} is that of line {lines[ScoringRow.Key(row.Id)]}" };
                repeated.Add(row.Line, row.Error);
            }

            if (row.Error is not null && !keepsBadRows)
            {
                throw new InvalidDataException(ScoringRow.Sentence(path, row.Line, row.Error));
            }

            count++;
            hasText |= row is { Error: null, InputIds: null };
        }

        return count > 0 ? new ScoringRowFile(path, count, hasText, hash.GetHashAndReset(), repeated)
            : throw new InvalidDataException($"{path} holds no row: there is nothing to score.");
    }

    /// <summary>The rows once more.</summary>
    /// <exception cref="InvalidDataException">The file is not what it was.</exception>
    internal IEnumerable<ScoringRow> Read()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var row in Lines(Path, _folder, hash))
        {
            yield return _repeated.TryGetValue(row.Line, out var error) ? row with { Error = error } : row;
        }

        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(_digest))
        {
            throw new InvalidDataException($"{Path} was changed while it was scored.");
        }
    }

    private static string FolderOf(string path) => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;

    private static IEnumerable<ScoringRow> Lines(string path, string folder, IncrementalHash hash)
    {
        using var lines = JsonLines.Read(path).GetEnumerator();
        while (Next(path, lines))
        {
            hash.AppendData(BitConverter.GetBytes(lines.Current.Number));
            hash.AppendData((lines.Current.Text ?? default).Span);
            yield return ScoringRow.Read(lines.Current, folder);
        }
    }

    private static bool Next(string path, IEnumerator<JsonLine> lines)
    {
        try
        {
            return lines.MoveNext();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}.", e);
        }
    }
}
