using System.CommandLine;
using System.Globalization;
using BestOfN.Cli.Hosting;
using BestOfN.Training.FullSize;
using BestOfN.Training.Optimization;
using BestOfN.Training.Plots;
using BestOfN.Training.Policies;
using BestOfN.Training.Recipes;
using BestOfN.Training.Rewards;
using Spectre.Console;

namespace BestOfN.Cli.Train;

/// <summary><c>bestofn train generator</c> and <c>bestofn train reward</c>: a recipe in, a model folder and a plot out.</summary>
internal static class TrainModelCommand
{
    private delegate TrainingHistory Training(string recipe, string state, IProgress<TrainingProgress> progress, CancellationToken cancellationToken);

    public static Command Generator(CommandTerminal terminal) => Create(
        terminal, "generator", "Train a generator from nothing.", "exact",
        (recipe, state, progress, token) => GeneratorTraining.Run(RecipeFile.Load<GeneratorRecipe>(recipe), state, progress, token));

    public static Command Reward(CommandTerminal terminal) => Create(
        terminal, "reward", "Train a reward model on pairs of a generator's answers.", "pair_accuracy",
        (recipe, state, progress, token) => FullSizeRecipe.IsAt(recipe)
            ? FullSizeTraining.Run(RecipeFile.Load<FullSizeRecipe>(recipe), state, progress, token)
            : RewardTraining.Run(RecipeFile.Load<RewardRecipe>(recipe), state, progress, token));

    private static Command Create(CommandTerminal terminal, string name, string description, string accuracy, Training train)
    {
        var recipe = new Option<FileInfo>("--recipe")
        {
            Description = "What to train; its paths are relative to the working directory.",
            DefaultValueFactory = _ => new FileInfo($"config/training/pocket-{name}.json"),
        };
        var state = new Option<DirectoryInfo?>("--state")
        {
            Description = "Folder for checkpoints; a training that was stopped goes on from there. Default: artifacts/training/<recipe>.",
        };
        var command = new Command(name, description) { recipe, state };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = parsed.GetRequiredValue(recipe);
            var folder = parsed.GetValue(state)?.FullName ?? Path.Combine("artifacts", "training", Path.GetFileNameWithoutExtension(file.Name));
            var history = await WithProgressAsync(terminal, progress => Task.Run(() => train(file.FullName, folder, progress, cancellationToken), cancellationToken));
            var plot = Path.Combine(folder, "training.svg");
            TrainingPlot.WriteSvg(
                Path.GetFileNameWithoutExtension(file.Name),
                [.. history.Losses.Select(l => ((long)l.Step, l.Loss))],
                [.. history.Points.Select(p => ((long)p.Step, p.HeldOut[accuracy]))],
                plot);
            Print(history, terminal.Out);
            terminal.Out.WriteLine($"Plot: {plot}");
            return ExitCodes.Success;
        });
        return command;
    }

    // A bar for each phase where somebody looks at a terminal, else a line now and then: a log of half an hour should show that it lives.
    private static async Task<TrainingHistory> WithProgressAsync(CommandTerminal terminal, Func<IProgress<TrainingProgress>, Task<TrainingHistory>> work)
    {
        if (!terminal.Error.Profile.Out.IsTerminal)
        {
            return await work(new Lines(terminal.Error));
        }

        return await terminal.Error.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new Bars(context)));
    }

    private static string Describe(TrainingProgress progress) => string.Create(
        CultureInfo.InvariantCulture,
        $"{progress.Phase} {progress.Step}/{progress.Steps}{(double.IsNaN(progress.Loss) ? "" : $", loss {progress.Loss:F3}")}, {progress.PerSecond:F0} problems/s");

    private static void Print(TrainingHistory history, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("step", "loss in nats", "held out", "seconds");
        foreach (var point in history.Points)
        {
            table.AddRow(
                $"{point.Step}",
                point.Loss.ToString("F4", CultureInfo.InvariantCulture),
                string.Join(", ", point.HeldOut.Select(h => string.Create(CultureInfo.InvariantCulture, $"{h.Key} {h.Value:F4}"))),
                point.Seconds.ToString("F0", CultureInfo.InvariantCulture));
        }

        console.Write(table);
    }

    private sealed class Bars(ProgressContext context) : IProgress<TrainingProgress>
    {
        private readonly Dictionary<string, ProgressTask> _tasks = [];

        public void Report(TrainingProgress value)
        {
            if (!_tasks.TryGetValue(value.Phase, out var task))
            {
                _tasks.Add(value.Phase, task = context.AddTask(value.Phase, maxValue: value.Steps));
            }

            task.Description = Markup.Escape(Describe(value));
            task.Value = value.Step;
        }
    }

    private sealed class Lines(IAnsiConsole console) : IProgress<TrainingProgress>
    {
        private static readonly TimeSpan s_every = TimeSpan.FromSeconds(15);
        private long _last = TimeProvider.System.GetTimestamp();

        public void Report(TrainingProgress value)
        {
            if (TimeProvider.System.GetElapsedTime(_last) > s_every || value.Step == value.Steps)
            {
                console.Profile.Out.Writer.WriteLine(Describe(value));
                _last = TimeProvider.System.GetTimestamp();
            }
        }
    }
}
