using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Cleaning;

namespace BestOfN.Cli.Clean;

/// <summary>Decides from scores that are there which records are kept, or only reports it. Needs no reward model.</summary>
internal static class CleanDecideCommand
{
    public static Command Decide(CommandTerminal terminal) => Create(
        terminal, "decide", "Decide from scores which records are kept, and write them as the bytes that they were.",
        "Folder that receives kept/NAME, dropped/NAME, dropped.jsonl, report.json and report.html.", writesRecords: true);

    public static Command Report(CommandTerminal terminal) => Create(
        terminal, "report", "Report from scores what would be dropped, and write nothing else.",
        "Folder that receives report.json and report.html.", writesRecords: false);

    private static Command Create(CommandTerminal terminal, string name, string description, string outputs, bool writesRecords)
    {
        var options = new CleanOptions();
        var scores = new Option<FileSystemInfo[]>("--scores")
        {
            Description = "JSON lines {record, turn, score}, records and answers from 0; null: no score. Several files are read as one. "
                + "A folder: the scores that 'bestofn clean' left there, of all shards.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        scores.AcceptExistingOnly();
        var output = new Option<DirectoryInfo>("--output", "-o") { Description = outputs, Required = true };
        var command = new Command(name, description);
        foreach (var option in options.Reading.Concat([scores]).Concat(options.Deciding).Concat([output]))
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, cancellationToken) => RunAsync(
            terminal,
            options.Open(parsed),
            [.. parsed.GetRequiredValue(scores).Select(path => path.FullName)],
            parsed.GetRequiredValue(output).FullName,
            new CleaningRun(string.Join(' ',
                parsed.Tokens.Select(token => token.Value).Prepend("bestofn"))) { WritesRecords = writesRecords },
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandTerminal terminal, Corpus corpus, string[] scores, string output, CleaningRun run, CancellationToken cancellationToken)
    {
        OutputFile.CheckWritable("--output", new FileInfo(Path.Combine(output, "report.json")));
        var begun = terminal.Time.GetTimestamp();
        var (files, saved) = await Task.Run(() => CleanFolder.Read(scores, corpus), cancellationToken);
        var records = saved?.Count ?? await Task.Run(() => corpus.Count(cancellationToken), cancellationToken);
        var index = saved ?? await terminal.WithProgressAsync(
            "checking records", records,
            progress => Task.Run(() => CorpusIndex.Of(corpus, Shard.Whole, progress, cancellationToken), cancellationToken));
        var summary = await terminal.WithProgressAsync(
            run.WritesRecords ? "writing records" : "reading records", records,
            progress => Task.Run(
                () => CorpusCleaning.Decide(corpus, index, files, output, run, progress, cancellationToken), cancellationToken));
        return CleanOutcome.Tell(
            terminal, corpus, summary, $"report {Path.Combine(output, "report.html")}", terminal.Time.GetElapsedTime(begun));
    }
}
