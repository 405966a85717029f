using System.Text;
using System.Text.Json;
using BestOfN.Inputs.Files;

namespace BestOfN.Inference.Scoring;

/// <summary>Makes a file of scores, which appears when it is whole.</summary>
/// <remarks>
/// It grows in <c>FILE.partial</c>: a line with the fingerprint of the run, then a line per row, with the row's digest before its scores. A
/// later run of the same fingerprint keeps the lines whose rows are still the first of the input, in their order, and nothing else.
/// </remarks>
public sealed class ScoreFile : IDisposable
{
    private const int DigestLength = 32;

    private readonly FileStream _partial;
    private int? _rows;   // that the partial file keeps; unknown before Resume

    private ScoreFile(string path, FileStream partial) => (Path, _partial) = (path, partial);

    /// <summary>The file to make.</summary>
    public string Path { get; }

    /// <summary>False where a later run can keep nothing.</summary>
    public bool HoldsRows => _rows is { } rows ? rows > 0 : _partial.Length > 0;

    private string PartialPath => Path + ".partial";

    /// <summary>Finds out before anything is computed whether the file can be made.</summary>
    /// <param name="path">The file.</param>
    /// <param name="input">The file whose rows are scored.</param>
    /// <param name="overwrites">A file that is there is replaced at the end.</param>
    /// <exception cref="IOException">It cannot be made, or is there and not to be replaced. The message names it.</exception>
    public static ScoreFile Open(string path, string input, bool overwrites)
    {
        path = System.IO.Path.GetFullPath(path);
        if (path == System.IO.Path.GetFullPath(input))
        {
            throw new IOException($"{path} is the input, too; scores need a file of their own.");
        }

        if (Directory.Exists(path))
        {
            throw new IOException($"{path} is a folder; expected a file to make.");
        }

        if (File.Exists(path))
        {
            RegularFile.Check(path);   // the end would put a file in the place of a device or a pipe
        }

        if (File.Exists(path) && !overwrites)
        {
            throw new IOException($"{path} is there already; --force replaces it.");
        }

        try
        {
            return new ScoreFile(path, new FileStream(path + ".partial", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path} cannot be written: {e.Message.Replace(path + ".partial", path, StringComparison.Ordinal)}", e);
        }
    }

    /// <summary>Keeps what an interrupted run of the same fingerprint left, as far as its rows are still those of the input.</summary>
    /// <param name="fingerprint">Fingerprint of this run.</param>
    /// <param name="rows">The input.</param>
    /// <param name="startsAnew">What another run left is dropped, not refused.</param>
    /// <param name="keepsErrors">True: rows that failed are kept as failed.</param>
    /// <returns>How many rows are kept, and how many of them failed.</returns>
    /// <exception cref="InvalidDataException">The file was left by another run.</exception>
    internal (int Rows, int Failed) Resume(ScoringFingerprint fingerprint, ScoringRowFile rows, bool startsAnew, bool keepsErrors)
    {
        _partial.Position = 0;
        var reader = new StreamReader(_partial, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        var first = reader.ReadLine();
        var length = first is null ? 0 : Encoding.UTF8.GetByteCount(first) + 1;
        var difference = first is null ? null
            : ScoringFingerprint.FromLine(first) is { } left ? left.DifferenceTo(fingerprint)
            : "a file that this version of bestofn did not write";
        if (difference is not null && !startsAnew)
        {
            throw new InvalidDataException($"{PartialPath} belongs to another run ({difference}); --force starts anew.");
        }

        var (kept, failed) = (0, 0);
        if (first is null || difference is not null)
        {
            _partial.SetLength(0);
            Write(fingerprint.ToLine());
            _rows = 0;
            return (0, 0);
        }

        foreach (var row in rows.Read())
        {
            if (reader.ReadLine() is not { Length: > DigestLength } line || !IsOf(row, line, out var isError) || (isError && !keepsErrors)
                || length + Encoding.UTF8.GetByteCount(line) + 1 > _partial.Length)
            {
                break;
            }

            length += Encoding.UTF8.GetByteCount(line) + 1;
            (kept, failed) = (kept + 1, failed + (isError ? 1 : 0));
        }

        _partial.SetLength(length);
        _partial.Position = length;
        _rows = kept;
        return (kept, failed);
    }

    /// <summary>Adds a row's scores.</summary>
    internal void Append(ScoringRow row, string scores)
    {
        Write($"{row.Digest()} {scores}");
        _rows++;
    }

    /// <summary>Lines that were written outlive the process from now on.</summary>
    internal void Flush() => _partial.Flush();

    /// <summary>Gives the file its name; all rows are written.</summary>
    internal void Finish()
    {
        _partial.Flush();
        _partial.Position = 0;
        var whole = PartialPath + ".new";
        using (var reader = new StreamReader(_partial, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: false, leaveOpen: true))
        using (var file = new FileStream(whole, FileMode.Create, FileAccess.Write))
        {
            reader.ReadLine();
            while (reader.ReadLine() is { } line)
            {
                file.Write(Encoding.UTF8.GetBytes(line[(DigestLength + 1)..] + "\n"));
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(whole, Path, overwrite: true);
        File.Delete(PartialPath);
    }

    /// <summary>Closes the file. One in which no row stands is taken away.</summary>
    public void Dispose()
    {
        var holdsRows = !_partial.CanSeek || HoldsRows;
        _partial.Dispose();
        if (!holdsRows)
        {
            File.Delete(PartialPath);
        }
    }

    private void Write(string line) => _partial.Write(Encoding.UTF8.GetBytes(line + "\n"));

    private static bool IsOf(ScoringRow row, string line, out bool isError)
    {
        isError = false;
        try
        {
            if (!line.StartsWith(row.Digest() + " ", StringComparison.Ordinal))
            {
                return false;
            }

            using var document = JsonDocument.Parse(line.AsMemory(DigestLength + 1));
            isError = document.RootElement.TryGetProperty("error", out _);
            return document.RootElement.GetProperty("id").GetRawText() == row.Id;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
