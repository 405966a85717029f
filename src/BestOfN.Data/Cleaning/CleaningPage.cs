using System.Globalization;
using System.Net;
using System.Text;
using BestOfN.Data.Plots;

namespace BestOfN.Data.Cleaning;

/// <summary>A report as a page that needs nothing beside itself: no script, nothing is fetched. All text of the corpus is
/// escaped.</summary>
internal static class CleaningPage
{
    private const int MostSources = 30;

    private const string Style = """
        body{font:15px/1.45 system-ui,sans-serif;color:#222;max-width:1080px;margin:2em auto;padding:0 1em}
        h1{font-size:1.6em}h2{font-size:1.25em;margin-top:2em;border-bottom:1px solid #ddd}h3{font-size:1.05em;margin:1.4em 0 .3em}
        table{border-collapse:collapse;margin:.6em 0}th,td{padding:.25em .8em;text-align:right;border-bottom:1px solid #e4e4e4}
        th:first-child,td:first-child{text-align:left}th{font-weight:600;background:#f6f6f6}
        .warn{background:#fff3e6;border-left:4px solid #d55e00;padding:.6em 1em;margin:1em 0}
        .note{color:#666}.plots{display:flex;flex-wrap:wrap;gap:1em}
        .record{border:1px solid #ddd;border-radius:6px;padding:.6em .9em;margin:.7em 0;display:flex;gap:1em}
        .record img{max-width:160px;max-height:160px;align-self:flex-start;background:#eee;image-rendering:auto}
        .turn{margin:.2em 0;white-space:pre-wrap;overflow-wrap:anywhere}.role{color:#666;margin-right:.5em}
        .worst{background:#fff3e6}.tag{background:#eef4fa;border-radius:4px;padding:0 .4em;margin-right:.4em}
        code{overflow-wrap:anywhere}
        """;

    public static string Of(CleaningReport report)
    {
        var (page, summary) = (new StringBuilder(), report.Summary);
        page.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
            + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
            + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Cleaning report</title>\n<style>")
            .Append(Style).Append("</style></head><body>\n");
        Add(page, $"<h1>Cleaning report</h1>\n<p><b>{summary.Records}</b> records: <b>{summary.Kept}</b> kept, ");
        Add(page, $"<b>{summary.Records - summary.Kept}</b> dropped ({Percent(summary.Records - summary.Kept, summary.Records)}), ");
        Add(page, $"{summary.Edited} edited, {summary.Unscored} unscored, {summary.TooLong} too long. Rule: {report.Rule}.</p>\n");
        foreach (var source in summary.Capped)
        {
            Add(page, $"<p class=\"warn\">Capped: in the source <b>{Text(source)}</b> more records have low rewards ");
            page.Append("than max_drop allows. The rule, the reward model or the source is wrong, not the records.</p>\n");
        }

        AddReasons(page, report);
        AddSources(page, report);
        AddPlanted(page, report);
        AddSamples(page, "Lowest rewards", "The records with the lowest z that are dropped for their reward.", report.Samples.Worst);
        AddSamples(page, "Drawn from all that is dropped", "Drawn at random, whatever the reason.", report.Samples.Dropped);
        AddSamples(page, "Kept by a little", "The kept records with the lowest z: where the threshold should perhaps be moved.",
            report.Samples.Above);
        AddRun(page, report);
        return page.Append("</body></html>\n").ToString();
    }

    private static void AddReasons(StringBuilder page, CleaningReport report)
    {
        page.Append("<h2>Reasons</h2>\n<table><tr><th>reason</th><th>records</th><th>share</th></tr>\n");
        foreach (var (reason, count) in report.Summary.Reasons.OrderByDescending(reason => reason.Value))
        {
            Add(page, $"<tr><td>{reason}</td><td>{count}</td><td>{Percent(count, report.Summary.Records)}</td></tr>\n");
        }

        page.Append("</table>\n<p class=\"note\">A record may have several reasons. A low reward is no proof of a mistake.</p>\n");
    }

    private static void AddSources(StringBuilder page, CleaningReport report)
    {
        page.Append("<h2>Sources</h2>\n<table><tr><th>source</th><th>records</th><th>kept</th><th>dropped</th><th>answers scored</th>"
            + "<th>median score</th><th>sigma</th><th>candidates</th><th></th></tr>\n");
        var sources = report.Sources.ToArray();
        foreach (var (name, figures, decision) in sources)
        {
            Add(page, $"<tr><td>{Text(name)}</td><td>{figures.Records}</td><td>{figures.Kept}</td>");
            Add(page, $"<td>{figures.Records - figures.Kept}</td>");
            page.Append(decision is null ? "<td>0</td><td></td><td></td><td></td><td></td></tr>\n" : string.Create(
                CultureInfo.InvariantCulture,
                $"<td>{decision.Statistics.Turns}</td><td>{decision.Statistics.Median:F2}</td><td>{decision.Statistics.Sigma:F2}</td>"
                + $"<td>{decision.Candidates}</td><td>{Remark(decision)}</td></tr>\n"));
        }

        page.Append("</table>\n<p class=\"note\">pooled: a small source, which takes shape and spread from all sources together. "
            + "too few: nothing is dropped for its reward.</p>\n");
        foreach (var (name, figures, decision) in sources.Where(source => source.Decision is not null).Take(MostSources))
        {
            Add(page, $"<h3>{Text(name)}</h3>\n<div class=\"plots\">{Plot("scores of answers", figures.Scores, null)}");
            Add(page, $"{Plot("z: distance from answers of the source and length", figures.Z, decision!.LimitZ)}</div>\n");
            AddThresholds(page, decision);
        }

        if (sources.Length > MostSources)
        {
            Add(page, $"<p class=\"note\">Plots of the {MostSources} largest sources; report.json has all.</p>\n");
        }
    }

    private static void AddThresholds(StringBuilder page, SourceDecision decision)
    {
        page.Append("<table><tr><th>characters of the answer</th><th>expected score</th><th>dropped below</th></tr>\n");
        foreach (var (bin, expected) in decision.Statistics.Bins)
        {
            var limit = decision.LimitZ is { } z ? decision.Statistics.ScoreAt(bin, z).ToString("F2", CultureInfo.InvariantCulture) : "";
            Add(page, $"<tr><td>{(1L << bin) - 1} to {(2L << bin) - 2}</td><td>{expected:F2}</td><td>{limit}</td></tr>\n");
        }

        page.Append("</table>\n");
    }

    private static void AddPlanted(StringBuilder page, CleaningReport report)
    {
        page.Append("<h2>Planted noise</h2>\n");
        if (report.Planted.Count == 0)
        {
            page.Append("<p>None was planted, so that nobody knows how much the rule finds. <code>--plant 0.05</code> "
                + "scores 5 % of the records with noise, too.</p>\n");
            return;
        }

        page.Append("<table><tr><th>noise</th><th>records</th><th>found</th><th>share</th></tr>\n");
        foreach (var kind in report.Planted)
        {
            Add(page, $"<tr><td>{Text(kind.Noise)}</td><td>{kind.Records}</td><td>{kind.Found}</td>");
            Add(page, $"<td>{Percent(kind.Found, kind.Records)}</td></tr>\n");
        }

        Add(page, $"</table>\n<p>Without noise the rule drops {100 * report.DroppedShare:F2} % of the scored records: ");
        page.Append("false alarms are at most that.</p>\n");
    }

    private static void AddSamples(StringBuilder page, string title, string note, IEnumerable<ReportSample> samples)
    {
        Add(page, $"<h2>{title}</h2>\n<p class=\"note\">{note}</p>\n");
        foreach (var sample in samples)
        {
            page.Append("<div class=\"record\">");
            foreach (var image in sample.Images)
            {
                Add(page, $"<img alt=\"image of record {sample.Record}\" src=\"{image}\">");
            }

            Add(page, $"<div><div><b>record {sample.Record}</b> · {Text(sample.Source)} ");
            if (sample.Worst is { } worst)
            {
                Add(page, $"· answer {worst.Turn}, score {worst.Score:F2}, z {worst.Z:F2} ");
            }

            page.Append(string.Concat(sample.Reasons.Select(reason => $"<span class=\"tag\">{reason}</span>"))).Append("</div>\n");
            var answer = 0;
            foreach (var (role, text) in sample.Turns)
            {
                var isWorst = role == "assistant" && answer++ == sample.Worst?.Turn;
                Add(page, $"<div class=\"turn{(isWorst ? " worst" : "")}\"><span class=\"role\">{Text(role)}</span>{Text(text)}</div>\n");
            }

            page.Append(sample.Turns.Count == 0 ? "<div class=\"note\">It cannot be read.</div>" : "").Append("</div></div>\n");
        }
    }

    private static void AddRun(StringBuilder page, CleaningReport report)
    {
        Add(page, $"<h2>Run</h2>\n<p><code>{Text(report.Run.Command)}</code></p>\n");
        if (report.Run.Judge is { } judge)
        {
            Add(page, $"<p>Reward model: {Text(judge)}</p>\n");
        }

        if (report.Run.Time is { } time)
        {
            var tokens = report.Run.Tokens is { } computed ? $", {computed} tokens" : "";
            Add(page, $"<p>Checked and scored in {time.TotalSeconds:F0} s{tokens}.</p>\n");
        }
    }

    private static string Plot(string title, Histogram histogram, double? limit) =>
        HistogramPlot.Svg(title, histogram.From, histogram.Width, histogram.Counts, limit);

    private static string Remark(SourceDecision decision) =>
        string.Join(", ", new[] { decision.IsPooled ? "pooled" : "", decision.IsTooFew ? "too few" : "", decision.IsCapped ? "capped" : "" }
            .Where(word => word.Length > 0));

    private static string Percent(int part, int whole) =>
        whole == 0 ? "" : (100.0 * part / whole).ToString("F2", CultureInfo.InvariantCulture) + " %";

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static void Add(StringBuilder page, FormattableString text) => page.Append(text.ToString(CultureInfo.InvariantCulture));
}
