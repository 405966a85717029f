using System.Globalization;
using System.Text;
using System.Text.Json;
using BestOfN.Data.Records;
using BestOfN.Inputs.Files;

namespace BestOfN.Data.Cleaning;

/// <summary>Decides from scores which records of a corpus are kept, and writes them as the bytes that they were.</summary>
public static class CorpusCleaning
{
    /// <summary>Compares the scores of the records that pass the checks, and writes what is kept, what is dropped, and a report.</summary>
    /// <param name="corpus">The corpus.</param>
    /// <param name="index">Its index, of all shards together.</param>
    /// <param name="scores">Files of JSON lines {record, turn, score}.</param>
    /// <param name="output">Receives kept/NAME, dropped/NAME, dropped.jsonl, report.json and report.html.</param>
    /// <param name="run">What the report says about the run.</param>
    /// <param name="progress">Told how many records are written.</param>
    /// <param name="cancellationToken">Ends the work; no file appears in part.</param>
    /// <exception cref="InvalidDataException">A file is not as expected. The message names it.</exception>
    public static CleaningSummary Decide(
        Corpus corpus, CorpusIndex index, IEnumerable<string> scores, string output, CleaningRun run, IProgress<int>? progress,
            CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(run);
        var table = ScoreTable.Load(scores, index, cancellationToken);
        var decision = RewardDecision.Of(index, table, corpus.Options);
        var samples = ReportSamples.Of(index, decision);
        using var writing = run.WritesRecords ? new CleanedFiles(corpus, index, decision, output) : null;
        var record = 0;
        foreach (var (part, piece) in corpus.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            writing?.Write(record, part, piece);
            samples.See(
                record, new Lazy<CorpusRecord?>(() => CorpusRecord.Read(piece, corpus.Options)), part.Images, index, decision,
                cancellationToken);
            record++;
            progress?.Report(record);
        }

        var figures = SourceFigures.Of(index, decision);
        var reasons = figures.SelectMany(source => source.Reasons).GroupBy(reason => reason.Key)
            .ToDictionary(reason => reason.Key, reason => reason.Sum(r => r.Value));
        var edited = writing?.Edited ?? 0;
        var summary = new CleaningSummary(
            index.Count, figures.Sum(source => source.Kept) + edited, reasons,
                [.. decision.Sources.Where(s => s.Decision.IsCapped).Select(s => s.Name)])
        {
            Unscored = decision.Unscored,
            TooLong = decision.TooLong,
            Edited = edited,
            StaleLines = table.Stale,
        };
        var report = new CleaningReport(summary, corpus, index, decision, figures, Recall(table, index, decision), samples, run);
        writing?.Finish();
        report.WriteJson(Path.Combine(output, "report.json"));
        AtomicFile.Write(Path.Combine(output, "report.html"), Encoding.UTF8.GetBytes(CleaningPage.Of(report)));
        return summary;
    }

    private static IReadOnlyList<PlantedRecall> Recall(ScoreTable table, CorpusIndex index, RewardDecision decision) =>
    [
        .. table.Planted.Where(planted => float.IsFinite(planted.Score)).GroupBy(planted => planted.Noise)
            .OrderBy(kind => kind.Key, StringComparer.Ordinal)
            .Select(kind => new PlantedRecall(kind.Key, kind.Count(), kind.Count(planted =>
                decision.SourceOf(planted.Record) is { } source && decision.IsLow(
                    index.SourceNumberOf(planted.Record), planted.Score, source.Statistics.Z(planted.Bin, planted.Score))))),
    ];
}
