using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Cleaning;

namespace BestOfN.Cli.Clean;

/// <summary>Scores every answer of a corpus. The expensive part: what is decided from the scores can be decided again without a
/// model.</summary>
internal static class CleanScoreCommand
{
    public static Command Create(CommandTerminal terminal)
    {
        var options = new CleanOptions();
        var judges = new CleanJudgeOptions();
        var output = new Option<FileInfo>("--output", "-o")
        {
            Description =
                "File of scores. Lines are added at once and never changed: a run that ended at any moment goes on with the same command.",
            Required = true,
        };
        var shard = CleanModelOptions.Shard();
        var command = new Command("score", "Score every answer of every record that passes the checks.");
        judges.AddTo(command);
        foreach (var option in options.Reading.Concat([output, shard]).Concat(options.Scoring))
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var corpus = options.Open(parsed);
            var part = Shard.Parse(parsed.GetRequiredValue(shard))!;
            var scores = parsed.GetRequiredValue(output).FullName;
            CleanModelOptions.CheckShard(corpus, part);
            var index = await CleanScoring.IndexAsync(terminal, corpus, part, null, cancellationToken);
            using var judge = await judges.OpenAsync(parsed, terminal, cancellationToken);
            await CleanScoring.RunAsync(terminal, corpus, index, judge, part, scores, cancellationToken);
            return ExitCodes.Success;
        });
        return command;
    }
}
