using System.Text.Json;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Benchmarks;

/// <summary>Reads files as they are published: a JSON array, JSON lines or Parquet. Columns that nobody asks for are passed over.</summary>
public static class BenchmarkFile
{
    /// <summary>All rows of all files, in order.</summary>
    /// <exception cref="InvalidDataException">A file is not as expected. The message names
    /// the file, and the line where there is one.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static async Task<IReadOnlyList<BenchmarkRow>> ReadAsync(IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var rows = new List<BenchmarkRow>();
        foreach (var path in paths)
        {
            var before = rows.Count;
            rows.AddRange(Kind(path) switch
            {
                FileKind.Parquet => await ParquetRows.ReadAsync(path, cancellationToken),
                FileKind.JsonArray => ReadArray(path),
                _ => ReadLines(path),
            });
            if (rows.Count == before)
            {
                throw new InvalidDataException($"{path}: there is no row");
            }
        }

        return rows;
    }

    private static IEnumerable<BenchmarkRow> ReadLines(string path)
    {
        var number = 0;
        foreach (var line in JsonLines.Read(path))
        {
            JsonElement value;
            try
            {
                value = line.Parse();
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"{path}, line {line.Number}: {e.Message}", e);
            }

            yield return Row(value, path, ++number);
        }
    }

    private static IEnumerable<BenchmarkRow> ReadArray(string path)
    {
        JsonElement array;
        try
        {
            using var file = Inputs.Files.RegularFile.Open(path);
            array = JsonDocument.Parse(file).RootElement;
            JsonText.CheckWhole(array);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: {JsonText.Describe(e)}", e);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }

        return array.EnumerateArray().Select((value, i) => Row(value, path, i + 1));
    }

    private static BenchmarkRow Row(JsonElement value, string path, int number) => value.ValueKind == JsonValueKind.Object
        ? new(value, path, number)
        : throw new InvalidDataException($"{path}, row {number}: expected an object");

    private static FileKind Kind(string path)
    {
        using var file = Inputs.Files.RegularFile.Open(path);
        Span<byte> start = stackalloc byte[64];
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (start.StartsWith("PAR1"u8))
        {
            return FileKind.Parquet;
        }

        start = start.StartsWith(System.Text.Encoding.UTF8.Preamble) ? start[System.Text.Encoding.UTF8.Preamble.Length..] : start;
        start = start.TrimStart(" \t\r\n"u8);
        return start.StartsWith("["u8) ? FileKind.JsonArray : FileKind.JsonLines;
    }

    private enum FileKind
    {
        JsonLines,
        JsonArray,
        Parquet,
    }
}
