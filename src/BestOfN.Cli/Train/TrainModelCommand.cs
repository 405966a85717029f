using System.CommandLine;
using System.Globalization;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Plots;
using BestOfN.Inputs.Files;
using BestOfN.Training;
using BestOfN.Training.Loops;
using BestOfN.Training.Recipes;
using Spectre.Console;

namespace BestOfN.Cli.Train;

/// <summary><c>bestofn train generator</c> and <c>bestofn train reward</c>: a recipe in, a model folder and a plot out.</summary>
internal static class TrainModelCommand
{
    public static Command Generator(CommandTerminal terminal) =>
        Create(terminal, "generator", "Train a generator from nothing.", "exact", [GeneratorRecipe.Name]);

    public static Command Reward(CommandTerminal terminal) => Create(
        terminal, "reward", "Train a reward model on pairs of answers.", "pair_accuracy", [PocketRewardRecipe.Name, PreferenceRecipe.Name]);

    public static Command Policy(CommandTerminal terminal) => Create(
        terminal, "policy", "Train a generator with the reward of its own answers.", "pass1", [PolicyRecipe.Name]);

    private static Command Create(CommandTerminal terminal, string name, string description, string accuracy, IReadOnlyList<string> kinds)
    {
        var recipe = new Option<FileInfo>("--recipe")
        {
            Description =
                "What to train; its paths are relative to the working directory. "
                + $"Without it: config/training/pocket-{name}.json, which comes with the program.",
            DefaultValueFactory = _ => new FileInfo(Path.Combine(AppContext.BaseDirectory, "config", "training", $"pocket-{name}.json")),
        };
        var state = new Option<DirectoryInfo?>("--state")
        {
            Description =
                "Folder for checkpoints; a training that was stopped goes on from there. Default: artifacts/training/<recipe>.",
        };
        Validate.IsNamed(recipe);
        Validate.IsNamed(state);
        var command = new Command(name, description + " Ctrl-C saves the steps that are done; the same command goes on.") { recipe, state };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = parsed.GetRequiredValue(recipe);
            var title = Path.GetFileNameWithoutExtension(file.Name);
            var folder = parsed.GetValue(state)?.FullName ?? Path.Combine("artifacts", "training", title);
            var loaded = RecipeFile.Load(file.FullName, kinds);
            var begun = terminal.Time.GetTimestamp();
            TrainingHistory history;
            try
            {
                history = await WithProgressAsync(
                    terminal, progress => Task.Run(() => Trainer.Run(loaded, folder, progress, cancellationToken), cancellationToken));
            }
            catch (RecipeException e)
            {
                throw new RecipeException($"{file.FullName}: {e.Message}", e);
            }

            var plot = Path.Combine(folder, "training.svg");
            WritePlot(title, history, loaded is PolicyRecipe ? null : accuracy, plot);
            Print(history, terminal.Out);
            if (history.Ending is { } ending)
            {
                terminal.Tell($"ended at step {history.Points[^1].Step}: {ending}");
            }

            var before = history.StepsBefore > 0 ? $"; an earlier run had done the first {Amounts.Count(history.StepsBefore, "step")}" : "";
            var took = Amounts.Time(terminal.Time.GetElapsedTime(begun));
            terminal.Out.Profile.Out.Writer.WriteLine(Printable.Text(
                $"model {loaded.Output}, plot {plot}; this run took {took}{before}", CommandTerminal.LongestLine));
            return ExitCodes.Success;
        });
        return command;
    }

    // A policy's loss says nothing: what its score and its accuracy do is drawn instead.
    private static void WritePlot(string title, TrainingHistory history, string? accuracy, string path)
    {
        IReadOnlyList<(long, double)> Points(string name) =>
            [.. history.Points.Where(p => p.HeldOut.ContainsKey(name)).Select(p => ((long)p.Step, p.HeldOut[name]))];
        if (accuracy is not null)
        {
            TrainingPlot.WriteSvg(title, [.. history.Losses.Select(l => ((long)l.Step, l.Loss))], Points(accuracy), path);
            return;
        }

        string[] names = [.. new[] { "greedy", "pass1", "auc" }.Where(n => history.Points.Any(p => p.HeldOut.ContainsKey(n)))];
        PolicyPlot.WriteSvg(title, Points("score"), names.ToDictionary(n => n, Points), path);
    }

    // A bar for each phase in a terminal; elsewhere a line now and then, so that the log of half an hour shows that the training lives.
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

    private static string Describe(TrainingProgress progress)
    {
        var loss = double.IsNaN(progress.Loss) ? "" : string.Create(CultureInfo.InvariantCulture, $", loss {progress.Loss:F3}");
        return $"{progress.Phase} {progress.Step}/{progress.Steps}{loss}, {Amounts.Rate(progress.PerSecond)} examples/s";
    }

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
        private (string Phase, int Step, long Begun)? _first;

        public void Report(TrainingProgress value)
        {
            if (_first?.Phase != value.Phase)
            {
                _first = (value.Phase, value.Step, terminal.Time.GetTimestamp());
            }

            if (terminal.Time.GetElapsedTime(_last) > s_every || value.Step == value.Steps)
            {
                var (_, step, begun) = _first!.Value;
                var each = value.Step > step ? terminal.Time.GetElapsedTime(begun) / (value.Step - step) : TimeSpan.Zero;
                var left = each > TimeSpan.Zero && value.Step < value.Steps
                    ? $", about {Amounts.Time(each * (value.Steps - value.Step))} left" : "";
                terminal.Tell(Describe(value) + left);
                _last = terminal.Time.GetTimestamp();
            }
        }
    }
}
