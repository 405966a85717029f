using System.Text.Json;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Cleaning;

/// <summary>Scores by record and answer: JSON lines {record, turn, score}. The last line for an answer counts; null says that it could not be scored.</summary>
internal sealed class ScoreTable
{
    private readonly Dictionary<(int Record, int Turn), float> _scores = [];

    /// <summary>Null: there is none.</summary>
    public float? this[int record, int turn] => _scores.TryGetValue((record, turn), out var score) ? score : null;

    /// <exception cref="InvalidDataException">A line is not as expected. The message names file and line.</exception>
    public static ScoreTable Load(string path)
    {
        var table = new ScoreTable();
        foreach (var line in JsonLines.Read(path))
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
