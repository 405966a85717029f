using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using BestOfN.Cli.Hosting;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Data.Records;
using BestOfN.Data.Samples;
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
        var options = new SampleOptions();
        var command = new Command("sample", "Draw N answers for each prompt, with their scores.");
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var request = options.Read(parsed);
            using var worker = new DeviceWorker(torch.device(request.Device));
            var type = ComputeTypes.Of(request.Type, worker.Device);
            using var lines = ResumableLines.Open(
                request.Output.FullName, await FingerprintAsync(request, type, worker, cancellationToken), request.Replaces);
            var total = request.Count();
            var (plan, server) = (request.Plan, request.GeneratorUrl);
            terminal.Tell($"{Amounts.Count(total, "prompt")}, {Amounts.Count(plan.Answers, "answer")} each from "
                + $"{(server is null ? request.Generator : $"{plan.Model} at {server}")}, "
                + $"reward model {request.RewardFolder?.FullName ?? request.RewardServer ?? "none: no scores"}");
            using var engine = server is null ? LoadGenerator(request, type, worker) : null;
            using var judge = LoadRewardModel(request, type, worker);
            using var remote = options.OpenRewardServer(parsed);
            IGenerator generator = engine is not null ? engine : new OpenAiServer(server!, plan.Model, request.GeneratorKey);
            var sampling = new AnswerSampling(generator, judge ?? (IRewardModel?)remote, plan);
            await RunAsync(terminal, request, sampling, lines, total, cancellationToken);
            return ExitCodes.Success;
        });
        return command;
    }

    private static async Task RunAsync(
        CommandTerminal terminal, SampleRequest request, AnswerSampling sampling, ResumableLines lines, int total,
        CancellationToken cancellationToken)
    {
        var begun = terminal.Time.GetTimestamp();
        try
        {
            var summary = await terminal.WithProgressAsync("prompts answered", total, progress => Task.Run(
                () => sampling.RunAsync(request.Read(), lines, progress, cancellationToken), cancellationToken));
            var time = terminal.Time.GetElapsedTime(begun);
            terminal.Tell(string.Create(
                CultureInfo.InvariantCulture,
                $"{request.Output}: {Amounts.Count(summary.Prompts, "prompt")}, {summary.Kept} of them from an earlier run; "
                + $"{summary.Answers} answers, {summary.Lost} lost, {summary.Unscored} without a score; {Amounts.Time(time)}, "
                + $"{Amounts.Rate(summary.Answers / time.TotalSeconds)} answers/s, "
                + $"{Amounts.Rate(summary.Tokens / time.TotalSeconds)} tokens/s"));
        }
        catch (OperationCanceledException)
        {
            terminal.Tell($"{request.Output}.partial keeps the prompts that are done; the same command goes on behind them");
            throw;
        }
    }

    // What decides the samples: a run that finds samples of another does not go on behind them.
    private static async Task<string> FingerprintAsync(
        SampleRequest request, torch.ScalarType type, DeviceWorker worker, CancellationToken cancellationToken)
    {
        var plan = request.Plan;
        return new JsonObject
        {
            ["prompts"] = request.Prompts is { } file
                ? System.Convert.ToHexStringLower(FileDigest.Of(file.FullName, null, cancellationToken))
                : $"{request.World} {request.Split} {request.Problems}",
            ["generator"] = request.GeneratorUrl is { } server ? $"{server} {plan.Model}" : await FilesAsync(request.Generator),
            ["reward"] = request.RewardFolder is { } folder ? await FilesAsync(folder) : request.RewardServer,
            ["dtype"] = type.ToString(),
            ["answers"] = plan.Answers,
            ["temperature"] = plan.Sampling.Temperature,
            ["top_p"] = plan.Sampling.TopP,
            ["max_tokens"] = plan.Sampling.MaxTokens,
            ["seed"] = plan.Seed,
        }.ToJsonString();

        Task<string> FilesAsync(DirectoryInfo models) => Task.Run(
            () => ScoringFingerprint.Of(models.FullName, type, worker.Device, new ScoringOptions(), null, cancellationToken).Model,
            cancellationToken);
    }

    private static GenerationEngine LoadGenerator(SampleRequest request, torch.ScalarType type, DeviceWorker worker) =>
        GenerationEngine.Load(request.Generator.FullName, type, worker, new GenerationOptions
        {
            MaxSequences = Math.Max(Sequences, request.Plan.Answers), TokensPerPrefill = TokensPerPrefill,
            QueueLength = request.Plan.Concurrency,
        });

    private static ScoringEngine? LoadRewardModel(SampleRequest request, torch.ScalarType type, DeviceWorker worker) =>
        request.RewardFolder is not { } folder ? null : ScoringEngine.Load(
            folder.Name, folder.FullName, type, worker, new ScoringOptions { QueueLength = 2 * request.Plan.Concurrency });
}
