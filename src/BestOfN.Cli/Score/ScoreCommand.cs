using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using TorchSharp;

namespace BestOfN.Cli.Score;

internal static class ScoreCommand
{
    public static Command Create(CommandTerminal terminal)
    {
        var model = new Option<DirectoryInfo>("--model", "-m")
        {
            Description = "Folder of a reward model in the published layout.",
            Required = true,
        };
        var input = new Option<FileInfo>("--input", "-i")
        {
            Description =
                "JSON lines: {messages ending with the assistant's}, {messages ending with the user's, candidates} or {input_ids}; "
                + "images and videos beside messages are lists of paths, from the file's folder "
                + "on; a message has role and content, and tool_calls, tool_call_id, name "
                + "and reasoning_content for chat templates that read them. id names the row (else its line's number), "
                + "metadata is not read, any other field is refused.",
            Required = true,
        };
        var output = new Option<FileInfo?>("--output", "-o")
        {
            Description = "File to make. It grows in FILE.partial; a run that was broken off goes "
                + "on behind the rows that are still the same, with the same model and options. "
                + "Without it: standard output.",
        };
        var force = new Option<bool>("--force")
        {
            Description = "Replace the output if it is there, and drop what another run left of it.",
        };
        var onError = new Option<string>("--on-error")
        {
            Description = "What a row does that cannot be scored: stop ends the run (exit 1); "
                + "skip writes {id, error} in its place and goes on (exit 3 at the end).",
            DefaultValueFactory = _ => "stop",
        };
        Validate.Exists(model);
        Validate.Exists(input);
        Validate.IsNamed(output);
        onError.AcceptOnlyFromAmong("stop", "skip");
        var type = ComputeOptions.Dtype();
        var device = ComputeOptions.Device();
        var stepReward = new Option<string?>("--step-reward")
        {
            Description = "How the rewards of steps become a score: last (the default), min or product. Only for models that score steps.",
        };
        stepReward.AcceptOnlyFromAmong("last", "min", "product");
        var hdNum = new Option<int?>("--hd-num")
        {
            Description = "Tiles at most into which the only picture of a conversation is cut. Without it: "
                + "what the model's folder says. Published scores of IXC-2.5-Reward were made with 9.",
        };
        hdNum.Validators.Add(result =>
        {
            if (result.GetValue(hdNum) is < 1 or > 64)
            {
                result.AddError("--hd-num: expected 1 to 64.");
            }
        });

        var command = new Command("score", "Score conversations or candidates with a reward model.") { model,
            input, output, force, onError, type, device, stepReward, hdNum };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            terminal,
            parsed.InvocationConfiguration.Output,
            new Request(
                parsed.GetRequiredValue(model),
                parsed.GetRequiredValue(input).FullName,
                parsed.GetValue(output)?.FullName,
                parsed.GetValue(force),
                parsed.GetValue(onError) == "skip",
                parsed.GetRequiredValue(type),
                parsed.GetRequiredValue(device),
                parsed.GetValue(stepReward),
                parsed.GetValue(hdNum)),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        CommandTerminal terminal, TextWriter standardOutput, Request request, CancellationToken cancellationToken)
    {
        using var output = request.Output is null ? null : ScoreFile.Open(request.Output, request.Input, request.Force);
        try
        {
            return await ScoreAsync(terminal, standardOutput, request, output, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            terminal.Tell(
                output is null ? "without --output the same command begins with the first row again"
                : !output.HoldsRows ? "no row was done; the same command begins with the first row"
                : $"{request.Output}.partial keeps the rows that are done; the same command goes on behind them");
            throw;
        }
    }

    // Cheap checks come first: the rows, the options, then the model, which takes long to load.
    private static async Task<int> ScoreAsync(
        CommandTerminal terminal, TextWriter standardOutput, Request request, ScoreFile? output, CancellationToken cancellationToken)
    {
        var rows = ScoringRowFile.Open(request.Input, keepsBadRows: request.SkipsBadRows, cancellationToken);
        var options = new ScoringOptions
        {
            StepReward = request.StepReward is null ? StepAggregation.Last
                : Enum.Parse<StepAggregation>(request.StepReward, ignoreCase: true),
            HdNum = request.HdNum,
        };
        using var worker = new DeviceWorker(torch.device(request.Device));
        var type = ComputeTypes.Of(request.Type, worker.Device);
        var folder = request.Model.FullName;
        using var engine = ScoringEngine.Load(request.Model.Name, folder, type, worker, options, readsText: rows.HasText);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var assumption in engine.Assumptions)
        {
            terminal.Tell($"{request.Model.Name} does not say everything about itself; assumed: {assumption}");
        }

        if (request.StepReward is not null && !engine.ScoresSteps)
        {
            throw new InvalidDataException($"--step-reward: the model in {folder} does not score steps.");
        }

        if (options.HdNum is not null && !engine.AcceptsPictures)
        {
            throw new InvalidDataException($"--hd-num: the model in {folder} reads text only.");
        }

        var failures = new FailedRows(terminal);
        var scoring = new RowScoringOptions
        {
            Fingerprint = output is null ? null : await FingerprintAsync(terminal, folder, type, worker.Device, options, cancellationToken),
            SkipsBadRows = request.SkipsBadRows,
            StartsAnew = request.Force,
            Failed = failures.Add,
        };
        var begun = terminal.Time.GetTimestamp();
        var summary = await terminal.WithProgressAsync(
            "scoring rows",
            rows.Count,
            progress => new RowScorer(engine).RunAsync(rows, output, standardOutput, scoring, progress, cancellationToken));

        failures.TellRest();
        terminal.Tell(Describe(request.Output ?? request.Input, summary, terminal.Time.GetElapsedTime(begun), engine.ComputedTokens));
        return summary.Failed == 0 ? ExitCodes.Success : ExitCodes.RowsFailed;
    }

    private static Task<ScoringFingerprint> FingerprintAsync(
        CommandTerminal terminal, string folder, torch.ScalarType type, torch.Device device,
        ScoringOptions options, CancellationToken cancellationToken) =>
        terminal.WithProgressAsync(
            "reading the model's files, MiB",
            (int)Math.Max(1, ScoringFingerprint.BytesOf(folder) / Mebibytes.Size),
            progress => Task.Run(
                () => ScoringFingerprint.Of(folder, type, device, options, new Mebibytes(progress), cancellationToken), cancellationToken));

    private static string Describe(string file, RowScoringSummary summary, TimeSpan time, long tokens)
    {
        var kept = summary.Kept > 0 ? $", {summary.Kept} of them in an earlier run" : "";
        return $"{file}: {Amounts.Count(summary.Rows, "row")}{kept}, {summary.Rows - summary.Failed} scored, {summary.Failed} failed; "
            + $"{Amounts.Time(time)}, {Amounts.Count(tokens, "token")}, {Amounts.Rate(tokens / time.TotalSeconds)} tokens/s";
    }

    private sealed record Request(
        DirectoryInfo Model, string Input, string? Output, bool Force, bool SkipsBadRows,
        string Type, string Device, string? StepReward, int? HdNum);

    /// <summary>Names the first rows that failed, and counts the others.</summary>
    private sealed class FailedRows(CommandTerminal terminal)
    {
        private const int Shown = 10;

        private int _count;

        public void Add(string failure)
        {
            if (_count++ < Shown)
            {
                terminal.Tell($"failed: {failure.ReplaceLineEndings(" ")}");
            }
        }

        public void TellRest()
        {
            if (_count > Shown)
            {
                terminal.Tell($"failed: {_count - Shown} more; the field error says why");
            }
        }
    }
}
