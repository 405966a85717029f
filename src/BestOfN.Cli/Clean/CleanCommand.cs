using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Cleaning;

namespace BestOfN.Cli.Clean;

/// <summary>All of a cleaning in one step: check, score, decide, write, report. A run that ended at any moment goes on.</summary>
internal static class CleanCommand
{
    public static Command Create(CommandTerminal terminal)
    {
        var options = new CleanOptions();
        var judges = new CleanJudgeOptions();
        var output = new Option<DirectoryInfo>("--output", "-o")
        {
            Description = "Folder that receives kept/NAME, dropped/NAME, dropped.jsonl, report.json, report.html and the scores. "
                + "A run that ended at any moment goes on with the same command.",
            Required = true,
        };
        var shard = CleanModelOptions.Shard();
        var dryRun = new Option<bool>("--dry-run") { Description = "Score and report; write no records." };
        var limit = new Option<int?>("--limit") { Description = "With --dry-run: read only so many records, from the first on." };
        var command = new Command("clean", "Find bad records in instruction data with a reward model, and write what is left.")
        {
            CleanScoreCommand.Create(terminal),
            CleanDecideCommand.Decide(terminal),
            CleanDecideCommand.Report(terminal),
        };
        judges.AddTo(command);
        foreach (var option in options.Reading.Append(output).Concat(options.Deciding).Concat(options.Scoring)
            .Concat([shard, dryRun, limit]))
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(limit) is { } records && (records < 1 || !result.GetValue(dryRun)))
            {
                result.AddError("--limit: expected 1 or more, and --dry-run beside it: a part of the records is no cleaned corpus.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var folder = parsed.GetRequiredValue(output).FullName;
            OutputFile.CheckWritable("--output", new FileInfo(Path.Combine(folder, "report.json")));
            var corpus = options.Open(parsed, parsed.GetValue(limit));
            var part = Shard.Parse(parsed.GetRequiredValue(shard))!;
            CleanModelOptions.CheckShard(corpus, part);
            var begun = terminal.Time.GetTimestamp();
            var files = new CleanFolder(folder, part);
            using var judge = await judges.OpenAsync(parsed, terminal, cancellationToken);
            var scoring = FormattableString.Invariant($"{corpus.Options.Grounding} {corpus.Options.Plant} {corpus.Options.Seed}");
            var mark = $"{judge.Digest} {corpus.Fingerprint} {part.Index}/{part.Count} {scoring}\n";
            if (part.Count > 1 && File.Exists(files.Done) && await File.ReadAllTextAsync(files.Done, cancellationToken) == mark)
            {
                terminal.Tell($"shard {part.Index} of {part.Count} was done in an earlier run");
                return ExitCodes.Success;
            }

            var index = await CleanScoring.IndexAsync(terminal, corpus, part, files.Index, cancellationToken);
            await CleanScoring.RunAsync(terminal, corpus, index, judge, part, files.Scores, cancellationToken);
            if (part.Count > 1)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(files.Done)!);
                await File.WriteAllTextAsync(files.Done, mark, cancellationToken);
                terminal.Tell(
                    $"shard {part.Index} of {part.Count} is done; "
                    + $"when all are, 'bestofn clean decide --scores {folder}' writes the results");
                return ExitCodes.Success;
            }

            var run = new CleaningRun(string.Join(' ', parsed.Tokens.Select(token => token.Value).Prepend("bestofn")))
            {
                Judge = judge.Description,
                Time = terminal.Time.GetElapsedTime(begun),
                Tokens = judge.ComputedTokens,
                WritesRecords = !parsed.GetValue(dryRun),
            };
            var summary = await terminal.WithProgressAsync(
                run.WritesRecords ? "writing records" : "reading records", index.Count,
                progress => Task.Run(
                    () => CorpusCleaning.Decide(corpus, index, [files.Scores], folder, run, progress, cancellationToken),
                        cancellationToken));
            return CleanOutcome.Tell(
                terminal, corpus, summary, $"report {Path.Combine(folder, "report.html")}", terminal.Time.GetElapsedTime(begun));
        });
        return command;
    }
}
