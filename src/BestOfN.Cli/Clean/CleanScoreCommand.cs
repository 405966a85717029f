using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Cleaning;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using TorchSharp;

namespace BestOfN.Cli.Clean;

/// <summary>Scores every answer of a corpus. The expensive part: what is decided from the scores can be decided again without a
/// model.</summary>
internal static class CleanScoreCommand
{
    private const int DigestCharacters = 16;

    public static Command Create(CommandTerminal terminal)
    {
        var input = new Option<FileInfo>("--input", "-i") { Description = "The corpus: a JSON array or JSON lines.", Required = true };
        input.AcceptExistingOnly();
        var model = new Option<DirectoryInfo>("--model", "-m")
        {
            Description = "Folder of a reward model in the published layout.",
            Required = true,
        };
        model.AcceptExistingOnly();
        var output = new Option<FileInfo>("--output", "-o")
        {
            Description =
                "File of scores. Lines are added at once and never changed: a run that ended at any moment goes on with the same command.",
            Required = true,
        };
        var options = new Option<FileInfo>("--options") { Description = "JSON file that says how records are read; see docs/cleaning.md." };
        options.AcceptExistingOnly();
        var shard = new Option<string>("--shard")
        {
            Description =
                "INDEX/COUNT: one of several equal parts, for as many processes with an output each. Equal records are in one part.",
            DefaultValueFactory = _ => "0/1",
        };
        shard.Validators.Add(result =>
        {
            if (Shard.Parse(result.GetValueOrDefault<string>() ?? "") is null)
            {
                result.AddError("--shard: expected INDEX/COUNT, such as 0/4 for the first of four.");
            }
        });
        var type = ComputeOptions.Dtype();
        var device = ComputeOptions.Device();
        var command = new Command("score", "Score every answer of every record that passes the checks.")
        {
            input, model, output, options, shard, type, device,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var corpus = parsed.GetRequiredValue(input).FullName;
            var cleaning = parsed.GetValue(options) is { } file ? CleaningOptions.Load(file.FullName) : new CleaningOptions();
            var scores = parsed.GetRequiredValue(output).FullName;
            var folder = parsed.GetRequiredValue(model);
            var records = await Task.Run(() => CorpusCleaning.Count(corpus, cancellationToken), cancellationToken);
            using var worker = new DeviceWorker(torch.device(parsed.GetRequiredValue(device)));
            var computed = ComputeTypes.Of(parsed.GetRequiredValue(type), worker.Device);
            var scoring = new ScoringOptions();
            var fingerprint = await Task.Run(
                () => ScoringFingerprint.Of(folder.FullName, computed, worker.Device, scoring, null, cancellationToken), cancellationToken);
            using var engine = ScoringEngine.Load(folder.Name, folder.FullName, computed, worker, scoring);
            var begun = terminal.Time.GetTimestamp();
            try
            {
                var (scored, kept) = await terminal.WithProgressAsync("scoring records", records, progress => Task.Run(
                    () => new CorpusScoring(engine, Digest(fingerprint)).RunAsync(
                        corpus, scores, cleaning, Shard.Parse(parsed.GetRequiredValue(shard))!, progress, cancellationToken),
                    cancellationToken));
                var time = terminal.Time.GetElapsedTime(begun);
                terminal.Tell($"{scores}: {Amounts.Count(scored, "record")} scored, {kept} in an earlier run; {Amounts.Time(time)}, "
                    + $"{Amounts.Count(engine.ComputedTokens, "token")}, "
                    + $"{Amounts.Rate(engine.ComputedTokens / time.TotalSeconds)} tokens/s");
            }
            catch (OperationCanceledException)
            {
                terminal.Tell($"{scores} keeps the records that are done; the same command goes on behind them");
                throw;
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static string Digest(ScoringFingerprint fingerprint) =>
        System.Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(fingerprint.ToString())))[..DigestCharacters];
}
