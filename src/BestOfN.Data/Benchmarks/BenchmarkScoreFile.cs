using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BestOfN.Data.Benchmarks;

/// <summary>Makes a file of scores, which appears when it is whole.</summary>
/// <remarks>It grows in <c>FILE.partial</c>, whose first line says which run it belongs to. A later run of the same kind goes on behind the
/// rows that are still the same.</remarks>
public sealed class BenchmarkScoreFile : IDisposable
{
    private static readonly UTF8Encoding s_utf8 = new(false);

    private readonly FileStream _partial;

    private BenchmarkScoreFile(string path, FileStream partial) => (Path, _partial) = (path, partial);

    /// <summary>Where the whole file appears.</summary>
    public string Path { get; }

    private string PartialPath => Path + ".partial";

    /// <param name="path">The file to make.</param>
    /// <param name="run">What decides the scores beside the rows, in one line: model, options, benchmark.</param>
    /// <param name="replaces">Whether a file that is there is replaced, and what another run left is dropped.</param>
    /// <exception cref="IOException">The file is there already or cannot be written.</exception>
    /// <exception cref="InvalidDataException">Another run left a part.</exception>
    public static BenchmarkScoreFile Open(string path, string run, bool replaces)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(path) && !replaces)
        {
            throw new IOException($"{path} is there already; --force replaces it, --scores computes its figures again");
        }

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        var file = new BenchmarkScoreFile(
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

    /// <summary>Rows of scores that an earlier run left, as far as they are those of the data.</summary>
    internal IReadOnlyList<JsonElement> Resume(IEnumerable<string> digests)
    {
        _partial.Position = 0;
        var kept = new List<JsonElement>();
        using (var reader = new StreamReader(_partial, s_utf8, detectEncodingFromByteOrderMarks: false, leaveOpen: true))
        {
            long length = s_utf8.GetByteCount(reader.ReadLine()!) + 1;
            foreach (var digest in digests)
            {
                if (reader.ReadLine() is not { } line || length + s_utf8.GetByteCount(line) + 1 > _partial.Length
                    || RowOf(line, digest) is not { } row)
                {
                    break;
                }

                length += s_utf8.GetByteCount(line) + 1;
                kept.Add(row);
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
            whole.Write(s_utf8.GetBytes(reader.ReadToEnd()));
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

    private static JsonElement? RowOf(string line, string digest)
    {
        try
        {
            var row = JsonElement.Parse(line);
            return row.GetProperty(BenchmarkScoring.Digest).GetString() == digest ? row : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
