using System.Globalization;
using System.Text;
using System.Text.Json;
using BestOfN.Data.Records;
using BestOfN.Inputs.Files;

namespace BestOfN.Data.Cleaning;

/// <summary>Decides from scores which records of a corpus are kept, and writes them as the bytes that they were.</summary>
public static class CorpusCleaning
{
    /// <summary>How many records a corpus has.</summary>
    public static int Count(string input, CancellationToken cancellationToken) =>
        new CorpusFile(input).Read().TakeWhile(_ => !cancellationToken.IsCancellationRequested).Count();

    /// <summary>Checks every record, compares the scores of those that pass, and writes what is kept and what is dropped.</summary>
    /// <param name="input">The corpus: a JSON array or JSON lines.</param>
    /// <param name="scores">Files of JSON lines {record, turn, score}.</param>
    /// <param name="options">The rule, and how records are read.</param>
    /// <param name="output">Receives kept/NAME, dropped/NAME, dropped.jsonl and report.json; null: nothing is written.</param>
    /// <param name="progress">Told how many records are checked.</param>
    /// <param name="cancellationToken">Ends the work; no file appears in part.</param>
    /// <exception cref="InvalidDataException">A file is not as expected. The message names it.</exception>
    public static CleaningSummary Decide(
        string input, IEnumerable<string> scores, CleaningOptions options, string? output, IProgress<int>? progress,
            CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        input = Path.GetFullPath(input);
        var table = ScoreTable.Load(scores);
        var checks = new RecordChecks(options, options.ImagesOf(input));
        var index = CorpusIndex.Of(new CorpusFile(input), Path.GetFileName(input), options, checks, progress, cancellationToken);
        var (turns, unscored, tooLong) = Join(index, table);
        var decision = RewardDecision.Of(turns, index.SourceOf, options);
        var reasons = Enumerable.Range(0, index.Count).Select(record =>
        {
            var own = index.ReasonsOf(record);
            own = options.DropUnscored && unscored.Contains(record) ? own.With(DropReason.Unscored) : own;
            return decision.Dropped.Contains(record) ? own.With(DropReason.LowReward) : own;
        }).ToArray();

        var counts = reasons.SelectMany(r => r.Names()).CountBy(name => name).ToDictionary();
        var summary =
            new CleaningSummary(
                index.Count, reasons.Count(r => r.IsEmpty), counts, [.. decision.Sources.Where(s => s.Value.IsCapped).Select(s => s.Key)])
        {
            Unscored = unscored.Count,
            TooLong = tooLong,
        };
        if (output is not null)
        {
            WriteRecords(input, options, index, decision, reasons, output, cancellationToken);
            WriteReport(summary, decision, Path.Combine(output, "report.json"));
        }

        return summary;
    }

    // A conversation that is too long is kept: nobody knows anything about it.
    private static (List<JudgedTurn> Turns, HashSet<int> Unscored, int TooLong) Join(CorpusIndex index, ScoreTable table)
    {
        var (turns, unscored, tooLong) = (new List<JudgedTurn>(), new HashSet<int>(), 0);
        for (var record = 0; record < index.Count; record++)
        {
            if (!index.ReasonsOf(record).IsEmpty)
            {
                continue;
            }

            var own = index.Bins(record).Select((bin, turn) => (Bin: bin, Turn: (short)turn, Score: table[record, turn])).ToArray();
            var without = own.Where(turn => turn.Score is null).ToArray();
            if (without.Any(turn => !table.IsTooLong(record, turn.Turn)))
            {
                unscored.Add(record);
                continue;
            }

            tooLong += without.Length > 0 ? 1 : 0;
            turns.AddRange(
                own.Where(turn => turn.Score is not null).Select(turn => new JudgedTurn(record, turn.Turn, turn.Bin, turn.Score!.Value)));
        }

        return (turns, unscored, tooLong);
    }

    private static void WriteRecords(
        string input, CleaningOptions options, CorpusIndex index, RewardDecision decision, DropReasons[] reasons, string output,
            CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(input);
        using var kept = new WholeFile(Path.Combine(output, "kept", name));
        using var dropped = new WholeFile(Path.Combine(output, "dropped", name));
        using var list = new WholeFile(Path.Combine(output, "dropped.jsonl"));
        var file = new CorpusFile(input);
        var (keptRecords, droppedRecords) = (new RecordWriter(file, kept.Stream), new RecordWriter(file, dropped.Stream));
        var record = 0;
        foreach (var piece in file.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (reasons[record].IsEmpty)
            {
                keptRecords.Write(piece);
            }
            else
            {
                droppedRecords.Write(piece);
                list.Stream.Write(Encoding.UTF8.GetBytes(Describe(record, piece, options, index, decision, reasons[record]) + "\n"));
            }

            record++;
        }

        keptRecords.Finish();
        droppedRecords.Finish();
        dropped.Finish();
        list.Finish();
        kept.Finish();
    }

    private static string Describe(
        int record, CorpusPiece piece, CleaningOptions options, CorpusIndex index, RewardDecision decision, DropReasons reasons)
    {
        var line = new StringBuilder();
        line.Append(
            CultureInfo.InvariantCulture, $"{{\"record\": {record}, \"source\": {JsonSerializer.Serialize(index.SourceOf(record))}");
        line.Append(CultureInfo.InvariantCulture, $", \"reasons\": [{string.Join(", ", reasons.Names().Select(name => $"\"{name}\""))}]");
        if (reasons.Has(DropReason.LowReward))
        {
            var (turn, z) = decision.Worst[record];
            line.Append(CultureInfo.InvariantCulture, $", \"turn\": {turn.Turn}, \"score\": {Number(turn.Score)}, \"z\": {Number(z)}");
            var answer = CorpusRecord.Read(piece.Content.Span, options)!.Answers.ElementAt(turn.Turn);
            if (AnswerText.Hints(answer).ToArray() is { Length: > 0 } hints)
            {
                line.Append(CultureInfo.InvariantCulture, $", \"hints\": [{string.Join(", ", hints.Select(hint => $"\"{hint}\""))}]");
            }
        }

        if (index.DuplicateOf(record) is { } other)
        {
            line.Append(CultureInfo.InvariantCulture, $", \"duplicate_of\": {other}");
        }

        return line.Append('}').ToString();
    }

    private static string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny(".E") < 0 ? text + ".0" : text;
    }

    private static void WriteReport(CleaningSummary summary, RewardDecision decision, string path)
    {
        using var file = new WholeFile(path);
        using (var json = new Utf8JsonWriter(file.Stream, new JsonWriterOptions { Indented = true, IndentSize = 1 }))
        {
            json.WriteStartObject();
            json.WriteNumber("records", summary.Records);
            json.WriteNumber("kept", summary.Kept);
            json.WriteNumber("dropped", summary.Records - summary.Kept);
            json.WriteNumber("unscored", summary.Unscored);
            json.WriteNumber("too_long", summary.TooLong);
            json.WriteStartObject("reasons");
            foreach (var (reason, count) in summary.Reasons)
            {
                json.WriteNumber(reason, count);
            }

            json.WriteEndObject();
            json.WriteStartObject("sources");
            foreach (var (name, source) in decision.Sources)
            {
                Write(json, name, source);
            }

            json.WriteEndObject();
            json.WriteStartObject("record_z");
            foreach (var (record, worst) in decision.Worst.OrderBy(w => w.Key))
            {
                json.WriteNumber(record.ToString(CultureInfo.InvariantCulture), worst.Z);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        file.Finish();
    }

    private static void Write(Utf8JsonWriter json, string name, SourceDecision source)
    {
        json.WriteStartObject(name);
        json.WriteNumber("n", source.Statistics.Turns);
        json.WriteNumber("median", source.Statistics.Median);
        json.WriteStartObject("bins");
        foreach (var (bin, expected) in source.Statistics.Bins)
        {
            json.WriteNumber(bin.ToString(CultureInfo.InvariantCulture), expected);
        }

        json.WriteEndObject();
        json.WriteNumber("center", source.Statistics.Center);
        json.WriteNumber("sigma", source.Statistics.Sigma);
        if (source.IsPooled)
        {
            json.WriteBoolean("pooled", true);
            json.WriteBoolean("too_few", source.IsTooFew);
        }

        json.WriteNumber("candidates", source.Candidates);
        json.WriteBoolean("capped", source.IsCapped);
        json.WriteNumber("records", source.Records);
        json.WriteEndObject();
    }
}
