using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using BestOfN.Cli.Hosting;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Data.Records;
using BestOfN.Data.Samples;
using BestOfN.Data.Worlds;
using BestOfN.Inference.Generation;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Scoring;
using BestOfN.Inputs.Files;
using TorchSharp;

namespace BestOfN.Cli.Sample;

/// <summary>Draws N answers for each prompt, scores them, and writes them down: data for <c>pairs</c> and for training.</summary>
internal static class SampleCommand
{
    private const int Sequences = 1024;
    private const int TokensPerPrefill = 8192;

    public static Command Create(CommandTerminal terminal)
    {
        var prompts = new Option<FileInfo>("--prompts")
        {
            Description = "Prompts, JSON lines with messages as in a chat request; images and videos are paths or data: URIs.",
        };
        prompts.AcceptExistingOnly();
        var world = new Option<string>("--world") { Description = "Problems of a pocket world in place of --prompts." };
        world.AcceptOnlyFromAmong(PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Video);
        var problems = new Option<int>("--problems") { Description = "Problems of the world.", DefaultValueFactory = _ => 1000 };
        var split = new Option<string>("--split")
        {
            Description = "Half of the world: what is trained on must not be measured on.",
            DefaultValueFactory = _ => "training",
        };
        split.AcceptOnlyFromAmong("training", "held-out");
        var output = new Option<FileInfo>("--output", "-o")
        {
            Description = "File of samples, a line for each prompt. A run that ended at any moment goes on with the same command.",
            Required = true,
        };
        var force = new Option<bool>("--force") { Description = "Replace the file, and drop what another run left." };
        var samples = new Option<int>("--samples", "-n") { Description = "Answers for each prompt.", DefaultValueFactory = _ => 16 };
        var generator = new Option<DirectoryInfo>("--generator")
        {
            Description = "Folder of the generator.",
            DefaultValueFactory = _ => PocketModels.Generator,
        };
        var url = new Option<Uri>("--url")
        {
            Description = "A server in place of --generator: the address before /chat/completions, such as http://localhost:8000/v1.",
            CustomParser = HttpAddress.Parse,
        };
        var model = new Option<string>("--model") { Description = "The model's name at the server. Needed beside --url." };
        var keyVariable = new Option<string>("--api-key-env")
        {
            Description = "Environment variable that holds the server's key.",
            DefaultValueFactory = _ => "OPENAI_API_KEY",
        };
        var reward = new Option<DirectoryInfo>("--reward")
        {
            Description = "Folder of the reward model. Without it the answers have no score; problems of a world have the pocket one.",
        };
        var rewardServer = new RewardServerOptions();
        var temperature = new Option<double>("--temperature") { Description = "How answers are drawn.", DefaultValueFactory = _ => 1 };
        var topP = new Option<double?>("--top-p") { Description = "Least share of probability that is drawn from." };
        var maxTokens = new Option<int>("--max-tokens") { Description = "Tokens of an answer.", DefaultValueFactory = _ => 512 };
        var seed = new Option<ulong>("--seed") { Description = "Decides problems and answers.", DefaultValueFactory = _ => 1 };
        var concurrency = new Option<int>("--concurrency")
        {
            Description = "Prompts in work at the same time.",
            DefaultValueFactory = _ => 16,
        };
        var type = ComputeOptions.Dtype();
        var device = ComputeOptions.Device();
        problems.Validators.Add(Validate.AtLeast(problems, 1));
        samples.Validators.Add(Validate.AtLeast(samples, 1));
        maxTokens.Validators.Add(Validate.AtLeast(maxTokens, 1));
        concurrency.Validators.Add(Validate.AtLeast(concurrency, 1));
        temperature.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and <= 100))
            {
                result.AddError("--temperature must be from 0 to 100.");
            }
        });
        topP.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is <= 0 or > 1)
            {
                result.AddError("--top-p must be above 0 and at most 1.");
            }
        });
        Validate.Exists(generator);
        Validate.IsNamed(output);

        var command = new Command("sample", "Draw N answers for each prompt, with their scores.")
        {
            prompts, world, problems, split, output, force, samples, generator, url, model, keyVariable, reward, temperature, topP,
            maxTokens, seed, concurrency, type, device,
        };
        foreach (var option in rewardServer.All)
        {
            command.Options.Add(option);
        }

        command.Validators.Add(rewardServer.Rule(reward, isNeeded: false));
        command.Validators.Add(result =>
        {
            if (result.GetResult(prompts) is null == result.GetResult(world) is null)
            {
                result.AddError("Expected either --prompts or --world.");
            }

            if (result.GetResult(url) is null != result.GetResult(model) is null)
            {
                result.AddError("--url and --model belong together.");
            }
            else if (result.GetResult(url) is not null && result.GetResult(generator) is { Implicit: false })
            {
                result.AddError("Expected either --url or --generator.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = parsed.GetRequiredValue(output);
            var name = parsed.GetValue(world);
            var remote = rewardServer.Describe(parsed);
            var rewardFolder = remote is not null ? null : parsed.GetValue(reward) ?? (name is null ? null : PocketModels.RewardModel);
            if (rewardFolder is { Exists: false })
            {
                throw new DirectoryNotFoundException($"--reward: there is no folder '{rewardFolder}'.");
            }

            using var worker = new DeviceWorker(torch.device(parsed.GetRequiredValue(device)));
            var computed = ComputeTypes.Of(parsed.GetRequiredValue(type), worker.Device);
            var server = parsed.GetValue(url);
            var folder = parsed.GetRequiredValue(generator);
            var plan = new SamplingPlan
            {
                Answers = parsed.GetValue(samples),
                Model = parsed.GetValue(model) ?? folder.Name,
                Sampling = new SamplingParameters
                {
                    Temperature = parsed.GetValue(temperature),
                    TopP = parsed.GetValue(topP),
                    MaxTokens = parsed.GetValue(maxTokens),
                },
                Seed = parsed.GetValue(seed),
                Concurrency = parsed.GetValue(concurrency),
            };
            var run = new JsonObject
            {
                ["prompts"] = name is null
                    ? System.Convert.ToHexStringLower(FileDigest.Of(parsed.GetRequiredValue(prompts).FullName, null, cancellationToken))
                    : $"{name} {parsed.GetValue(split)} {parsed.GetValue(problems)}",
                ["generator"] = server is null ? await FilesAsync(folder) : $"{server} {plan.Model}",
                ["reward"] = rewardFolder is null ? remote : await FilesAsync(rewardFolder),
                ["dtype"] = computed.ToString(),
                ["answers"] = plan.Answers,
                ["temperature"] = plan.Sampling.Temperature,
                ["top_p"] = plan.Sampling.TopP,
                ["max_tokens"] = plan.Sampling.MaxTokens,
                ["seed"] = plan.Seed,
            };
            using var lines = ResumableLines.Open(file.FullName, run.ToJsonString(), parsed.GetValue(force));
            var total = name is null
                ? SamplePrompt.ReadFile(parsed.GetRequiredValue(prompts).FullName, file.DirectoryName!).Count()
                : parsed.GetValue(problems);
            if (total == 0)
            {
                throw new InvalidDataException($"{parsed.GetValue(prompts)} holds no prompt.");
            }

            var input = name is null
                ? SamplePrompt.ReadFile(parsed.GetRequiredValue(prompts).FullName, file.DirectoryName!)
                : SamplePrompt.Draw(
                    PocketWorlds.Of(name), plan.Seed, total, parsed.GetValue(split) == "training" ? Split.Training : Split.HeldOut);
            terminal.Tell($"{Amounts.Count(total, "prompt")}, {Amounts.Count(plan.Answers, "answer")} each from "
                + $"{(server is null ? folder : $"{plan.Model} at {server}")}, "
                + $"reward model {rewardFolder?.FullName ?? remote ?? "none: no scores"}");
            using var engine = server is not null ? null : GenerationEngine.Load(
                folder.FullName, computed, worker,
                new GenerationOptions
                {
                    MaxSequences = Math.Max(Sequences, plan.Answers), TokensPerPrefill = TokensPerPrefill, QueueLength = plan.Concurrency,
                });
            using var judge = rewardFolder is null ? null
                : ScoringEngine.Load(
                    rewardFolder.Name, rewardFolder.FullName, computed, worker, new ScoringOptions { QueueLength = 2 * plan.Concurrency });
            using var judgeServer = rewardServer.Open(parsed, plan.Concurrency);
            IGenerator source = engine is not null ? engine
                : new OpenAiServer(server!, plan.Model, Environment.GetEnvironmentVariable(parsed.GetRequiredValue(keyVariable)));
            var begun = terminal.Time.GetTimestamp();
            try
            {
                var summary = await terminal.WithProgressAsync("prompts answered", total, progress => Task.Run(
                    () => new AnswerSampling(source, judge ?? (IRewardModel?)judgeServer, plan)
                        .RunAsync(input, lines, progress, cancellationToken),
                    cancellationToken));
                var time = terminal.Time.GetElapsedTime(begun);
                terminal.Tell(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{file}: {Amounts.Count(summary.Prompts, "prompt")}, {summary.Kept} of them from an earlier run; "
                    + $"{summary.Answers} answers, {summary.Lost} lost, {summary.Unscored} without a score; {Amounts.Time(time)}, "
                    + $"{Amounts.Rate(summary.Answers / time.TotalSeconds)} answers/s, "
                    + $"{Amounts.Rate(summary.Tokens / time.TotalSeconds)} tokens/s"));
            }
            catch (OperationCanceledException)
            {
                terminal.Tell($"{file}.partial keeps the prompts that are done; the same command goes on behind them");
                throw;
            }

            return ExitCodes.Success;

            Task<string> FilesAsync(DirectoryInfo models) => Task.Run(
                () => ScoringFingerprint.Of(models.FullName, computed, worker.Device, new ScoringOptions(), null, cancellationToken).Model,
                cancellationToken);
        });
        return command;
    }
}
