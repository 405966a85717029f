using System.Globalization;
using System.Text.Json;
using BestOfN.Inputs.Files;

namespace BestOfN.Data.Cleaning;

/// <summary>What came out of a cleaning, as report.json and report.html tell it.</summary>
/// <param name="Summary">Counts.</param>
/// <param name="Corpus">What was cleaned.</param>
/// <param name="Index">Its index.</param>
/// <param name="Decision">What was decided.</param>
/// <param name="Figures">Counts and histograms per source, by its number.</param>
/// <param name="Planted">How much of the planted noise is found; empty: none was planted.</param>
/// <param name="Samples">Records to look at.</param>
/// <param name="Run">The run.</param>
internal sealed record CleaningReport(
    CleaningSummary Summary, Corpus Corpus, CorpusIndex Index, RewardDecision Decision, SourceFigures[] Figures,
    IReadOnlyList<PlantedRecall> Planted, ReportSamples Samples, CleaningRun Run)
{
    private const int FlushEvery = 1 << 14;

    /// <summary>Share of the scored records without planted noise that the rule drops: an upper bound of its false alarms.</summary>
    public double DroppedShare => Decision.Sources.Sum(source => source.Decision.Records) is var records and > 0
        ? (double)Summary.Reasons.GetValueOrDefault("low_reward") / records : 0;

    /// <summary>Every source with a record, the largest first.</summary>
    public IEnumerable<(string Name, SourceFigures Figures, SourceDecision? Decision)> Sources
    {
        get
        {
            var decisions = Decision.Sources.ToDictionary(source => source.Name, source => source.Decision);
            return Index.Sources.Zip(Figures, (name, figures) => (name, figures, decisions.GetValueOrDefault(name)))
                .OrderByDescending(source => source.figures.Records);
        }
    }

    public void WriteJson(string path)
    {
        using var file = new WholeFile(path);
        using (var json = new Utf8JsonWriter(file.Stream, new JsonWriterOptions { Indented = true, IndentSize = 1 }))
        {
            json.WriteStartObject();
            json.WriteNumber("records", Summary.Records);
            json.WriteNumber("kept", Summary.Kept);
            json.WriteNumber("dropped", Summary.Records - Summary.Kept);
            json.WriteNumber("edited", Summary.Edited);
            json.WriteNumber("unscored", Summary.Unscored);
            json.WriteNumber("too_long", Summary.TooLong);
            Write(json, "reasons", Summary.Reasons);
            json.WriteStartObject("sources");
            foreach (var (name, source, figures) in Sources.Where(source => source.Decision is not null)
                .Select(source => (source.Name, source.Decision!, source.Figures)))
            {
                Write(json, name, source, figures);
            }

            json.WriteEndObject();
            WritePlanted(json);
            WriteRun(json);
            json.WriteStartObject("record_z");
            for (var record = 0; record < Index.Count; record++)
            {
                if (Decision.WorstOf(record) is { } worst)
                {
                    json.WriteNumber(record.ToString(CultureInfo.InvariantCulture), worst.Z);
                }

                if (json.BytesPending > FlushEvery)
                {
                    json.Flush();
                }
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        file.Finish();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, int> counts)
    {
        json.WriteStartObject(name);
        foreach (var (reason, count) in counts)
        {
            json.WriteNumber(reason, count);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, SourceDecision source, SourceFigures figures)
    {
        json.WriteStartObject(name);
        json.WriteNumber("n", source.Statistics.Turns);
        json.WriteNumber("median", source.Statistics.Median);
        Write(json, "bins", source.Statistics.Bins);
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
        json.WriteNumber("kept", figures.Kept);
        json.WriteNumber("dropped", figures.Records - figures.Kept);
        Write(json, "reasons", figures.Reasons);
        if (source.LimitZ is { } limit)
        {
            Write(json, "thresholds", source.Statistics.Bins.ToDictionary(bin => bin.Key, bin =>
                source.Statistics.ScoreAt(bin.Key, limit)));
        }

        Write(json, "scores_histogram", figures.Scores);
        Write(json, "z_histogram", figures.Z);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyDictionary<int, double> bins)
    {
        json.WriteStartObject(name);
        foreach (var (bin, value) in bins)
        {
            json.WriteNumber(bin.ToString(CultureInfo.InvariantCulture), value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, Histogram histogram)
    {
        json.WriteStartObject(name);
        json.WriteNumber("from", histogram.From);
        json.WriteNumber("width", histogram.Width);
        json.WriteStartArray("counts");
        foreach (var count in histogram.Counts)
        {
            json.WriteNumberValue(count);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WritePlanted(Utf8JsonWriter json)
    {
        if (Planted.Count == 0)
        {
            return;
        }

        json.WriteStartObject("planted");
        foreach (var kind in Planted)
        {
            json.WriteStartObject(kind.Noise);
            json.WriteNumber("records", kind.Records);
            json.WriteNumber("found", kind.Found);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void WriteRun(Utf8JsonWriter json)
    {
        json.WriteStartObject("run");
        json.WriteString("command", Run.Command);
        json.WriteString("rule", Rule);
        if (Run.Judge is { } judge)
        {
            json.WriteString("judge", judge);
        }

        if (Run.Time is { } time)
        {
            json.WriteNumber("seconds", time.TotalSeconds);
            if (Run.Tokens is { } tokens)
            {
                json.WriteNumber("tokens", tokens);
            }

        }

        json.WriteStartArray("inputs");
        foreach (var part in Corpus.Parts)
        {
            json.WriteStartObject();
            json.WriteString("file", part.Path);
            json.WriteString("sha256", Convert.ToHexStringLower(Inputs.Files.FileDigest.Of(part.Path)));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The rule in words.</summary>
    public string Rule => Corpus.Options.Rule switch
    {
        "percentile" => string.Create(CultureInfo.InvariantCulture, $"percentile {Corpus.Options.Percentile}"),
        "absolute" => string.Create(CultureInfo.InvariantCulture, $"absolute, score < {Corpus.Options.Absolute}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"robust_z, z < {-Corpus.Options.Z}"),
    } + string.Create(CultureInfo.InvariantCulture, $", max_drop {Corpus.Options.MaxDrop}");
}
