using System.Globalization;
using System.Text.Json;

namespace BestOfN.Data.Cleaning;

/// <summary>What stands in a file of scores already, for the same judge and the same content.</summary>
internal sealed class ScoredLines
{
    private const byte Grounded = 1, Planted = 2;

    private readonly CorpusIndex _index;
    private readonly GrowingList<short> _turns;
    private readonly GrowingList<byte> _others;

    private ScoredLines(CorpusIndex index) =>
        (_index, _turns, _others) = (index, GrowingList<short>.Of(index.Count, 0), GrowingList<byte>.Of(index.Count, 0));

    /// <summary>Whether all answers of a record have their lines.</summary>
    public bool HasTurns(int record) => _turns[record] >= _index.AnswersOf(record);

    /// <summary>How many records of a shard have all their lines.</summary>
    public int CountIn(Shard shard) => Enumerable.Range(0, _index.Count)
        .Count(record => _index.ReasonsOf(record).IsEmpty && _index.IsIn(shard, record) && HasTurns(record));

    public bool HasGrounding(int record) => (_others[record] & Grounded) != 0;

    public bool HasNoise(int record) => (_others[record] & Planted) != 0;

    /// <exception cref="InvalidDataException">The file was written by something else.</exception>
    public static ScoredLines Read(string path, string judge, CorpusIndex index)
    {
        var lines = new ScoredLines(index);
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            try
            {
                lines.Add(JsonElement.Parse(line), judge);
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new InvalidDataException($"{path}: not a file of scores that this command wrote", e);
            }
        }

        return lines;
    }

    private void Add(JsonElement row, string judge)
    {
        var record = row.GetProperty("record").GetInt32();
        if (record < 0 || record >= _index.Count || row.GetProperty("judge").GetString() != judge
            || row.GetProperty("key").GetString() != _index.KeyOf(record).ToString("x16", CultureInfo.InvariantCulture))
        {
            return;
        }

        if (row.TryGetProperty("grounding", out _))
        {
            _others[record] |= Grounded;
        }
        else if (row.TryGetProperty("noise", out _))
        {
            _others[record] |= Planted;
        }
        else
        {
            _turns[record]++;
        }
    }
}
