namespace BestOfN.Models.Scoring;

/// <summary>A file of rows to be scored, one JSON object a line; blank lines are skipped. Read once and found in order before anything is scored.</summary>
public sealed class ScoringRowFile
{
    private ScoringRowFile(string path, int count) => (Path, Count) = (path, count);

    public string Path { get; }

    /// <summary>How many rows.</summary>
    public int Count { get; }

    /// <exception cref="InvalidDataException">A row is not as expected, or has the id of another. The message names file and line.</exception>
    public static ScoringRowFile Open(string path)
    {
        var lines = new Dictionary<string, int>();
        foreach (var row in Read(path))
        {
            if (!lines.TryAdd(row.Id, row.Line))
            {
                throw new InvalidDataException($"{path}, line {row.Line}: id {row.Id} is that of line {lines[row.Id]}.");
            }
        }

        return new ScoringRowFile(path, lines.Count);
    }

    internal IEnumerable<ScoringRow> Read() => Read(Path);

    private static IEnumerable<ScoringRow> Read(string path)
    {
        var line = 0;
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        foreach (var text in File.ReadLines(path))
        {
            line++;
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            ScoringRow row;
            try
            {
                row = ScoringRow.Parse(text, line, folder);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"{path}, line {line}: {e.Message}.", e);
            }

            yield return row;
        }
    }
}
