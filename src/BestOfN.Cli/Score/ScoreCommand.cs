using System.CommandLine;
using BestOfN.Cli.Hosting;
using BestOfN.Models.Devices;
using BestOfN.Models.Scoring;
using Spectre.Console;
using TorchSharp;

namespace BestOfN.Cli.Score;

internal static class ScoreCommand
{
    public static Command Create(CommandTerminal terminal)
    {
        var model = new Option<DirectoryInfo>("--model", "-m") { Description = "Folder of a reward model in the published layout.", Required = true }.AcceptExistingOnly();
        var input = new Option<FileInfo>("--input", "-i")
        {
            Description = "JSON lines: {id, messages ending with the assistant's}, {id, messages ending with the user's, candidates} or {id, input_ids}; "
                + "images and videos beside messages are lists of paths, from the file's folder on.",
            Required = true,
        }.AcceptExistingOnly();
        var output = new Option<FileInfo?>("--output", "-o") { Description = "File to make; a run that was broken off goes on where it stopped. Without it: standard output." };
        var type = new Option<string>("--dtype") { Description = "auto is bfloat16 where the hardware computes in it.", DefaultValueFactory = _ => "auto" };
        type.AcceptOnlyFromAmong("auto", "float32", "bfloat16");
        var device = new Option<string>("--device") { Description = "Where to compute.", DefaultValueFactory = _ => "cpu" };
        device.AcceptOnlyFromAmong("cpu", "cuda");
        var stepReward = new Option<string?>("--step-reward") { Description = "How the rewards of steps become a score: last (the default), min or product. Only for models that score steps." };
        stepReward.AcceptOnlyFromAmong("last", "min", "product");
        var hdNum = new Option<int?>("--hd-num")
        {
            Description = "Tiles at most into which the only picture of a conversation is cut. Without it: what the model's folder says. Published scores of IXC-2.5-Reward were made with 9.",
        };
        hdNum.Validators.Add(result =>
        {
            if (result.GetValue(hdNum) is < 1 or > 64)
            {
                result.AddError("--hd-num: expected 1 to 64.");
            }
        });

        var command = new Command("score", "Score conversations or candidates with a reward model.") { model, input, output, type, device, stepReward, hdNum };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var rows = ScoringRowFile.Open(parsed.GetRequiredValue(input).FullName);   // a wrong row is found before a model is loaded
            var folder = parsed.GetRequiredValue(model);
            var aggregation = parsed.GetValue(stepReward);
            var options = new ScoringOptions
            {
                StepReward = aggregation is null ? StepAggregation.Last : Enum.Parse<StepAggregation>(aggregation, ignoreCase: true),
                HdNum = parsed.GetValue(hdNum),
            };
            using var worker = new DeviceWorker(torch.device(parsed.GetRequiredValue(device)));
            using var engine = ScoringEngine.Load(folder.Name, folder.FullName, ComputeTypes.Of(parsed.GetRequiredValue(type), worker.Device), worker, options);
            foreach (var assumption in engine.Assumptions)
            {
                terminal.Error.WriteLine($"{folder.Name} does not say everything about itself; assumed: {assumption}");
            }

            if (aggregation is not null && !engine.ScoresSteps)
            {
                throw new InvalidDataException($"--step-reward: the model in {folder.FullName} does not score steps.");
            }

            if (options.HdNum is not null && !engine.AcceptsPictures)
            {
                throw new InvalidDataException($"--hd-num: the model in {folder.FullName} reads text only.");
            }

            await terminal.WithProgressAsync("scoring", rows.Count, async progress =>
            {
                await new RowScorer(engine).RunAsync(
                    rows, parsed.GetValue(output)?.FullName, parsed.InvocationConfiguration.Output, progress, cancellationToken);
                return true;
            });
            return ExitCodes.Success;
        });
        return command;
    }
}
