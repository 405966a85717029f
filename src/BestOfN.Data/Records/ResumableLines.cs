using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BestOfN.Data.Records;

/// <summary>Makes a file of JSON lines, which appears when it is whole.</summary>
/// <remarks>It grows in <c>FILE.partial</c>, whose first line says which run it belongs to. A later run of the same kind goes on behind the
/// rows that are still the same.</remarks>
public sealed class ResumableLines : IDisposable
{
    private static readonly UTF8Encoding s_utf8 = new(false);

    private readonly FileStream _partial;

    private ResumableLines(string path, FileStream partial) => (Path, _partial) = (path, partial);

    /// <summary>Where the whole file appears.</summary>
    public string Path { get; }

    private string PartialPath => Path + ".partial";

    /// <param name="path">The file to make.</param>
    /// <param name="run">What decides the lines beside the input, in one line of JSON: models, options.</param>
    /// <param name="replaces">Whether a file that is there is replaced, and what another run left is dropped.</param>
    /// <exception cref="IOException">The file is there already or cannot be written.</exception>
    /// <exception cref="InvalidDataException">Another run left a part.</exception>
    public static ResumableLines Open(string path, string run, bool replaces)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path) && !replaces)
        {
            throw new IOException($"{path} is there already; --force replaces it");
        }

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        var file = new ResumableLines(
            path, new FileStream(path + ".partial", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read));
        try
        {
            file.Begin(run, replaces);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Keeps the lines that an earlier run left, as far as they are those of the input.</summary>
    /// <param name="isRow">For each row of the input, in order: whether a line is its line.</param>
    /// <param name="keep">Receives the lines that are kept; null: only their number is of interest.</param>
    /// <returns>How many lines are kept. The next line to append is the one behind them.</returns>
    internal int Resume(IEnumerable<Func<JsonElement, bool>> isRow, Action<JsonElement>? keep = null)
    {
        _partial.Position = 0;
        var kept = 0;
        using (var reader = new StreamReader(_partial, s_utf8, detectEncodingFromByteOrderMarks: false, leaveOpen: true))
        {
            long length = s_utf8.GetByteCount(reader.ReadLine()!) + 1;
            foreach (var isThisRow in isRow)
            {
                if (reader.ReadLine() is not { } line || length + s_utf8.GetByteCount(line) + 1 > _partial.Length
                    || RowOf(line, isThisRow) is not { } row)
                {
                    break;
                }

                length += s_utf8.GetByteCount(line) + 1;
                kept++;
                keep?.Invoke(row);
            }

            _partial.SetLength(length);
        }

        _partial.Position = _partial.Length;
        return kept;
    }

    /// <summary>Adds rows, which are safe from the end of the process when this returns.</summary>
    internal void Append(IEnumerable<JsonObject> rows)
    {
        _partial.Write(s_utf8.GetBytes(string.Concat(rows.Select(row => row.ToJsonString() + "\n"))));
        _partial.Flush();
    }

    /// <summary>Gives the file its name; all rows are in it.</summary>
    internal void Finish()
    {
        _partial.Position = 0;
        using (var reader = new StreamReader(_partial, s_utf8, detectEncodingFromByteOrderMarks: false, leaveOpen: true))
        {
            reader.ReadLine();
            using var whole = new FileStream(Path + ".new", FileMode.Create, FileAccess.Write);
            while (reader.ReadLine() is { } line)
            {
                whole.Write(s_utf8.GetBytes(line + "\n"));
            }

            whole.Flush(flushToDisk: true);
        }

        File.Move(Path + ".new", Path, overwrite: true);
        _partial.SetLength(0);
    }

    public void Dispose()
    {
        _partial.Dispose();
        if (File.Exists(PartialPath) && new FileInfo(PartialPath).Length == 0)
        {
            File.Delete(PartialPath);
        }
    }

    private void Begin(string run, bool replaces)
    {
        using var reader = new StreamReader(_partial, s_utf8, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        var first = reader.ReadLine();
        if (first == run && !replaces)
        {
            return;
        }

        if (first is not null && !replaces)
        {
            throw new InvalidDataException(
                $"{PartialPath} belongs to another run (model, options or version of bestofn differ); --force starts anew");
        }

        _partial.SetLength(0);
        _partial.Write(s_utf8.GetBytes(run + "\n"));
        _partial.Flush();
    }

    private static JsonElement? RowOf(string line, Func<JsonElement, bool> isRow)
    {
        try
        {
            var row = JsonElement.Parse(line);
            return isRow(row) ? row : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
