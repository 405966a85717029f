using System.Globalization;
using System.Text.Json;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Cleaning;

/// <summary>Scores by record and answer: JSON lines {record, turn, score}. The last line for an answer counts; null says that it could not
/// be scored.</summary>
/// <remarks>Four bytes per answer.</remarks>
internal sealed class ScoreTable
{
    // The marks of answers without a score; a score is finite.
    private const float Missing = float.NaN;
    private const float TooLong = float.PositiveInfinity;

    private readonly CorpusIndex _index;
    private readonly GrowingList<float> _scores;
    private readonly Dictionary<int, float> _grounding = [];
    private readonly Dictionary<int, PlantedScore> _planted = [];

    private ScoreTable(CorpusIndex index) => (_index, _scores) = (index, GrowingList<float>.Of(index.AnswerCount, Missing));

    /// <summary>Lines of records that were changed since they were scored.</summary>
    public int Stale { get; private set; }

    /// <summary>How much better the first answer of a record is with its own image than with those of others.</summary>
    public IReadOnlyDictionary<int, float> Grounding => _grounding;

    /// <summary>Records that were scored with noise, too.</summary>
    public IEnumerable<PlantedScore> Planted => _planted.Values;

    /// <summary>The score of an answer by its number among all answers; null: there is none.</summary>
    public float? this[int answer] => float.IsFinite(_scores[answer]) ? _scores[answer] : null;

    /// <summary>Whether an answer has no score because its conversation is longer than the reward model reads.</summary>
    public bool IsTooLong(int answer) => float.IsPositiveInfinity(_scores[answer]);

    /// <exception cref="InvalidDataException">A line is not as expected. The message names file and line.</exception>
    public static ScoreTable Load(IEnumerable<string> paths, CorpusIndex index, CancellationToken cancellationToken)
    {
        var table = new ScoreTable(index);
        foreach (var (path, line) in paths.SelectMany(path => JsonLines.Read(path).Select(line => (path, line))))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                table.Add(line.Parse());
            }
            catch (Exception e) when (e is InvalidDataException or InvalidOperationException or KeyNotFoundException or FormatException)
            {
                throw new InvalidDataException($"{path}, line {line.Number}: expected {{record, turn, score}}: {e.Message}", e);
            }
        }

        return table;
    }

    private void Add(JsonElement row)
    {
        var (record, turn) = (row.GetProperty("record").GetInt32(), row.GetProperty("turn").GetInt32());
        if (record < 0 || record >= _index.Count)
        {
            throw new InvalidDataException($"the corpus has {_index.Count} records, so there is no record {record}");
        }

        if (!_index.ReasonsOf(record).IsEmpty)
        {
            return;
        }

        if (turn < 0 || turn >= _index.AnswersOf(record)
            || (row.TryGetProperty("key", out var key)
                && key.GetString() != _index.KeyOf(record).ToString("x16", CultureInfo.InvariantCulture)))
        {
            Stale++;
            return;
        }

        if (row.TryGetProperty("grounding", out var grounding))
        {
            _grounding[record] = (float)grounding.GetDouble();
            return;
        }

        var score = row.GetProperty("score") is { ValueKind: not JsonValueKind.Null } value && float.IsFinite((float)value.GetDouble())
            ? (float)value.GetDouble() : Missing;
        if (row.TryGetProperty("noise", out var noise))
        {
            _planted[record] = new(record, noise.GetString()!, SourceStatistics.Bin(row.GetProperty("length").GetInt32()), score);
            return;
        }

        var isTooLong = float.IsNaN(score) && row.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String
            && error.ValueEquals(CorpusScoring.TooLong);
        _scores[_index.FirstAnswerOf(record) + turn] = isTooLong ? TooLong : score;
    }
}
