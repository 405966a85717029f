using BestOfN.Cli.Hosting;
using BestOfN.Data.Cleaning;

namespace BestOfN.Cli.Clean;

/// <summary>Tells what a cleaning came to.</summary>
internal static class CleanOutcome
{
    // Above this share of records without a score the result needs a look.
    private const double MostUnscored = 0.01;

    /// <returns>The exit code.</returns>
    public static int Tell(CommandTerminal terminal, Corpus corpus, CleaningSummary summary, string report, TimeSpan time)
    {
        foreach (var (reason, count) in summary.Reasons.OrderByDescending(r => r.Value))
        {
            terminal.Out.Profile.Out.Writer.WriteLine($"{reason} {count}");
        }

        var edited = summary.Edited > 0 ? $"{summary.Edited} of them without their last answers, " : "";
        terminal.Tell(
            $"{corpus.Description}: {Amounts.Count(summary.Records, "record")}, {summary.Kept} kept, {edited}"
            + $"{summary.Records - summary.Kept} dropped, {summary.Unscored} unscored, {summary.TooLong} too long; "
            + $"{report}; {Amounts.Time(time)}");
        if (summary.StaleLines > 0)
        {
            terminal.Tell($"{Amounts.Count(summary.StaleLines, "line")} of scores do not fit the corpus: those records were changed since");
        }

        foreach (var source in summary.Capped)
        {
            terminal.Tell(
                $"capped: in the source {source} more records have low rewards than max_drop allows; "
                + "look at the rule, the reward model and the source");
        }

        var hasManyUnscored = summary.Unscored > MostUnscored * summary.Records;
        if (hasManyUnscored)
        {
            terminal.Tell("more than 1 % of the records have an answer without a score");
        }

        return summary.Capped.Count > 0 || hasManyUnscored ? ExitCodes.RowsFailed : ExitCodes.Success;
    }
}
