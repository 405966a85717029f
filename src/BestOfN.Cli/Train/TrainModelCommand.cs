using System.CommandLine;
using System.Globalization;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Plots;
using BestOfN.Inputs.Files;
using BestOfN.Training.Loops;
using BestOfN.Training.Pocket;
using BestOfN.Training.Preference;
using BestOfN.Training.Recipes;
using Spectre.Console;

namespace BestOfN.Cli.Train;

/// <summary><c>bestofn train generator</c> and <c>bestofn train reward</c>: a recipe in, a model folder and a plot out.</summary>
internal static class TrainModelCommand
{
    private delegate TrainingHistory Training(string state, IProgress<TrainingProgress> progress, CancellationToken cancellationToken);

    public static Command Generator(CommandTerminal terminal) =>
        Create(terminal, "generator", "Train a generator from nothing.", "exact", path =>
    {
        var recipe = RecipeFile.Load<GeneratorRecipe>(path);
        return ((state, progress, token) => GeneratorTraining.Run(recipe, state, progress, token), recipe.Output);
    });

    public static Command Reward(CommandTerminal terminal) =>
        Create(terminal, "reward", "Train a reward model on pairs of a generator's answers.", "pair_accuracy", path =>
    {
        if (PreferenceRecipe.IsAt(path))
        {
            var published = RecipeFile.Load<PreferenceRecipe>(path);
            return ((state, progress, token) => PreferenceTraining.Run(published, state, progress, token), published.Output);
        }

        var recipe = RecipeFile.Load<PocketRewardRecipe>(path);
        return ((state, progress, token) => RewardTraining.Run(recipe, state, progress, token), recipe.Output);
    });

    private static Command Create(
        CommandTerminal terminal, string name, string description, string accuracy, Func<string, (Training Training, string Output)> load)
    {
        var recipe = new Option<FileInfo>("--recipe")
        {
            Description = $"What to train; its paths are relative to the working directory. Without "
                + $"it: config/training/pocket-{name}.json, which comes with the program.",
            DefaultValueFactory = _ => new FileInfo(Path.Combine(AppContext.BaseDirectory, "config", "training", $"pocket-{name}.json")),
        };
        var state = new Option<DirectoryInfo?>("--state")
        {
            Description = "Folder for checkpoints; a training that was stopped goes on from there. Default: artifacts/training/<recipe>.",
        };
        Validate.IsNamed(recipe);
        Validate.IsNamed(state);
        var command = new Command(name, description + " Ctrl-C saves the step under way; the same command goes on.") { recipe, state };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = parsed.GetRequiredValue(recipe);
            var title = Path.GetFileNameWithoutExtension(file.Name);
            var folder = parsed.GetValue(state)?.FullName ?? Path.Combine("artifacts", "training", title);
            var (training, output) = load(file.FullName);
            var begun = terminal.Time.GetTimestamp();
            TrainingHistory history;
            try
            {
                history = await WithProgressAsync(
                    terminal, progress => Task.Run(() => training(folder, progress, cancellationToken), cancellationToken));
            }
            catch (RecipeException e)
            {
                throw new RecipeException($"{file.FullName}: {e.Message}", e);
            }

            var plot = Path.Combine(folder, "training.svg");
            TrainingPlot.WriteSvg(
                title, [.. history.Losses.Select(l => ((long)l.Step, l.Loss))],
                    [.. history.Points.Select(p => ((long)p.Step, p.HeldOut[accuracy]))], plot);
            Print(history, terminal.Out);
            var before = history.StepsBefore > 0 ? $"; an earlier run had done the first {Amounts.Count(history.StepsBefore, "step")}" : "";
            terminal.Out.Profile.Out.Writer.WriteLine(Printable.Text(
                $"model {output}, plot {plot}; this run took {Amounts.Time(terminal.Time.GetElapsedTime(begun))}{before}",
                CommandTerminal.LongestLine));
            return ExitCodes.Success;
        });
        return command;
    }

    // A bar for each phase where somebody looks at a terminal, else a line now and then: a log of half an hour should show that it lives.
    private static async Task<TrainingHistory> WithProgressAsync(
        CommandTerminal terminal, Func<IProgress<TrainingProgress>, Task<TrainingHistory>> work)
    {
        if (!terminal.Error.Profile.Out.IsTerminal)
        {
            return await work(new Lines(terminal));
        }

        return await terminal.Error.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new Bars(context)));
    }

    private static string Describe(TrainingProgress progress) => string.Create(
        CultureInfo.InvariantCulture,
        $"{progress.Phase} {progress.Step}/{progress.Steps}{(double.IsNaN(progress.Loss) ? "" : $", loss {progress.Loss:F3}")}, "
            + $"{Amounts.Rate(progress.PerSecond)} problems/s");

    private static void Print(TrainingHistory history, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("step", "loss in nats", "held out", "seconds trained");
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

    private sealed class Lines(CommandTerminal terminal) : IProgress<TrainingProgress>
    {
        private static readonly TimeSpan s_every = TimeSpan.FromSeconds(15);
        private long _last = terminal.Time.GetTimestamp();

        public void Report(TrainingProgress value)
        {
            if (terminal.Time.GetElapsedTime(_last) > s_every || value.Step == value.Steps)
            {
                terminal.Tell(Describe(value));
                _last = terminal.Time.GetTimestamp();
            }
        }
    }
}
