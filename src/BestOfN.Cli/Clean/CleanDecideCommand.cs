using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Cleaning;

namespace BestOfN.Cli.Clean;

/// <summary>Decides from scores that are there which records are kept. Needs no reward model.</summary>
internal static class CleanDecideCommand
{
    // Above this share of records without a score the result needs a look.
    private const double MostUnscored = 0.01;

    public static Command Create(CommandTerminal terminal)
    {
        var input = new Option<FileInfo>("--input", "-i") { Description = "The corpus: a JSON array or JSON lines.", Required = true };
        input.AcceptExistingOnly();
        var scores = new Option<FileInfo[]>("--scores")
        {
            Description = "JSON lines {record, turn, score}, records and answers from 0; null: no score. Several files are read as one.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        scores.AcceptExistingOnly();
        var options = new Option<FileInfo>("--options")
        {
            Description = "JSON file that says what is dropped; without it: the defaults. See docs/cleaning.md.",
        };
        options.AcceptExistingOnly();
        var output = new Option<DirectoryInfo>("--output", "-o")
        {
            Description = "Folder that receives kept/NAME, dropped/NAME, dropped.jsonl and report.json.",
            Required = true,
        };
        var command = new Command("decide", "Decide from scores which records are kept, and write them as the bytes that they were.")
        {
            input, scores, options, output,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            terminal,
            parsed.GetRequiredValue(input).FullName,
            [.. parsed.GetRequiredValue(scores).Select(file => file.FullName)],
            parsed.GetValue(options) is { } file ? CleaningOptions.Load(file.FullName) : new CleaningOptions(),
            parsed.GetRequiredValue(output).FullName,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandTerminal terminal, string input, string[] scores, CleaningOptions options, string output,
        CancellationToken cancellationToken)
    {
        OutputFile.CheckWritable("--output", new FileInfo(Path.Combine(output, "report.json")));
        var begun = terminal.Time.GetTimestamp();
        var records = await Task.Run(() => CorpusCleaning.Count(input, cancellationToken), cancellationToken);
        var summary = await terminal.WithProgressAsync(
            "checking records",
            records,
            progress =>
                Task.Run(() => CorpusCleaning.Decide(input, scores, options, output, progress, cancellationToken), cancellationToken));
        foreach (var (reason, count) in summary.Reasons.OrderByDescending(r => r.Value))
        {
            terminal.Out.Profile.Out.Writer.WriteLine($"{reason} {count}");
        }

        terminal.Tell(
            $"{input}: {Amounts.Count(summary.Records, "record")}, {summary.Kept} kept, {summary.Records - summary.Kept} dropped, "
            + $"{summary.Unscored} unscored, {summary.TooLong} too long; {Amounts.Time(terminal.Time.GetElapsedTime(begun))}");
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
