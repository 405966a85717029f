using System.Text.Json;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Cleaning;

/// <summary>Scores by record and answer: JSON lines {record, turn, score}. The last line for an answer counts; null says that it could not
/// be scored.</summary>
internal sealed class ScoreTable
{
    private readonly Dictionary<(int Record, int Turn), float> _scores = [];
    private readonly HashSet<(int Record, int Turn)> _tooLong = [];

    /// <summary>Null: there is none.</summary>
    public float? this[int record, int turn] => _scores.TryGetValue((record, turn), out var score) ? score : null;

    /// <summary>Whether an answer has no score because its conversation is longer than the reward model reads.</summary>
    public bool IsTooLong(int record, int turn) => _tooLong.Contains((record, turn));

    /// <exception cref="InvalidDataException">A line is not as expected. The message names file and line.</exception>
    public static ScoreTable Load(IEnumerable<string> paths)
    {
        var table = new ScoreTable();
        foreach (var (path, line) in paths.SelectMany(path => JsonLines.Read(path).Select(line => (path, line))))
        {
            try
            {
                var row = line.Parse();
                var place = (row.GetProperty("record").GetInt32(), row.GetProperty("turn").GetInt32());
                var score = row.GetProperty("score");
                if (score.ValueKind != JsonValueKind.Null && float.IsFinite((float)score.GetDouble()))
                {
                    table._scores[place] = (float)score.GetDouble();
                }
                else
                {
                    table._scores.Remove(place);
                    if (row.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String
                        && error.ValueEquals(CorpusScoring.TooLong))
                    {
                        table._tooLong.Add(place);
                    }
                }
            }
            catch (Exception e) when (e is InvalidDataException or InvalidOperationException or KeyNotFoundException or FormatException)
            {
                throw new InvalidDataException($"{path}, line {line.Number}: expected {{record, turn, score}}: {e.Message}", e);
            }
        }

        return table;
    }
}
