using System.CommandLine;
using System.Globalization;
using BestOfN.Cli.Hosting;
using BestOfN.Core.Generation;
using BestOfN.Data.Evaluation;
using BestOfN.Data.Plots;
using BestOfN.Data.Worlds;
using Spectre.Console;

namespace BestOfN.Cli.Evaluate;

internal static class EvaluateBestOfNCommand
{
    /// <param name="terminal">Where the table and the progress go.</param>
    /// <param name="openPools">Loads a generator's and a reward model's folder.</param>
    public static Command Create(CommandTerminal terminal, Func<DirectoryInfo, DirectoryInfo, ICandidatePoolSource> openPools)
    {
        var world = new Option<string>("--world")
        {
            Description = "Where the problems come from.",
            DefaultValueFactory = _ => PocketWorlds.Text,
        };
        world.AcceptOnlyFromAmong(PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Video);
        var problems = new Option<int>("--problems") { Description = "Held-out problems.", DefaultValueFactory = _ => 2000 };
        var samples = new Option<int>("--samples") { Description = "Answers per problem: the largest k.", DefaultValueFactory = _ => 64 };
        var temperature = new Option<double>("--temperature") { Description = "How the answers are drawn.", DefaultValueFactory = _ => 1 };
        var seed = new Option<ulong>("--seed")
        {
            Description = "Decides problems, answers and the subsets of votes.",
            DefaultValueFactory = _ => 1,
        };
        var generator = new Option<DirectoryInfo>("--generator")
        {
            Description = "Folder of the generator.",
            DefaultValueFactory = _ => PocketModels.Generator,
        };
        var reward = new Option<DirectoryInfo>("--reward")
        {
            Description = "Folder of the reward model.",
            DefaultValueFactory = _ => PocketModels.RewardModel,
        };
        var against = new Option<DirectoryInfo>("--against")
        {
            Description = "Folder of another generator, which answers the same problems with the same seeds: "
                + "by how much is this one better, with paired intervals?",
        };
        var json = new Option<FileInfo?>("--json") { Description = "File that receives the curve." };
        var plot = new Option<FileInfo?>("--plot") { Description = "File that receives the curve as a picture (SVG)." };
        var force = new Option<bool>("--force") { Description = "Replace the files of --json and --plot if they are there." };
        problems.Validators.Add(Validate.AtLeast(problems, 1));
        samples.Validators.Add(Validate.AtLeast(samples, 1));
        temperature.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and <= 100))
            {
                result.AddError("--temperature must be from 0 to 100.");
            }
        });
        Validate.Exists(generator);
        Validate.Exists(reward);
        Validate.Exists(against);
        Validate.IsNamed(json);
        Validate.IsNamed(plot);

        var command = new Command("best-of-n", "Measure accuracy over the number of candidates, on problems that no training saw.")
        {
            world, problems, samples, temperature, seed, generator, against, reward, json, plot, force,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var sampling = new PoolSampling
            {
                World = parsed.GetRequiredValue(world),
                Problems = parsed.GetValue(problems),
                Samples = parsed.GetValue(samples),
                Seed = parsed.GetValue(seed),
                Model = parsed.GetRequiredValue(generator).Name,
                Sampling = new SamplingParameters { Temperature = parsed.GetValue(temperature), MaxTokens = 128 },
            };
            OutputFile.CheckWritable("--json", parsed.GetValue(json), parsed.GetValue(force));
            OutputFile.CheckWritable("--plot", parsed.GetValue(plot), parsed.GetValue(force));
            terminal.Tell(string.Create(
                CultureInfo.InvariantCulture,
                $"{sampling.World}: {Amounts.Count(sampling.Problems, "held-out problem")}, {Amounts.Count(sampling.Samples, "answer")} "
                + $"each at temperature {parsed.GetValue(temperature)}, "
                + $"seed {sampling.Seed}; generator {parsed.GetRequiredValue(generator)}, reward model {parsed.GetRequiredValue(reward)}"));
            terminal.Tell("loading; the time left is told once some problems are done");
            var begun = terminal.Time.GetTimestamp();
            var pools = await DrawAsync(parsed.GetRequiredValue(generator), "held-out problems");
            var curve = BestOfNCurve.Measure(pools, sampling.Seed);
            if (parsed.GetValue(against) is { } other)
            {
                curve = curve with { Against = BestOfNComparison.Measure(await DrawAsync(other, $"the same for {other.Name}"), pools) };
            }

            if (parsed.GetValue(json) is { } jsonFile)
            {
                curve.Write(jsonFile.FullName);
            }

            if (parsed.GetValue(plot) is { } plotFile)
            {
                BestOfNPlot.WriteSvg(curve, $"{parsed.GetValue(world)}, {sampling.Problems} held-out problems", plotFile.FullName);
            }

            Print(curve, terminal.Out);
            if (curve.Against is { } comparison)
            {
                Print(comparison, parsed.GetValue(against)!.ToString(), terminal.Out);
            }

            terminal.Tell($"{Amounts.Count(sampling.Problems, "problem")} in {Amounts.Time(terminal.Time.GetElapsedTime(begun))}");
            return ExitCodes.Success;

            Task<IReadOnlyList<CandidatePool>> DrawAsync(DirectoryInfo folder, string work) => terminal.WithProgressAsync(
                work, sampling.Problems,
                progress => openPools(folder, parsed.GetRequiredValue(reward)).DrawAsync(sampling, progress, cancellationToken));
        });
        return command;
    }

    private static void Print(BestOfNComparison comparison, string other, IAnsiConsole console)
    {
        console.WriteLine($"against {other}, on the same problems: difference with its 95 % interval");
        var table = new Table().Border(TableBorder.Simple).AddColumns("k", "pass", "reward");
        for (var i = 0; i < comparison.K.Count; i++)
        {
            table.AddRow($"{comparison.K[i]}", Cell(comparison.Pass[i]), Cell(comparison.Reward[i]));
        }

        console.Write(table);
        console.WriteLine($"greedy {Cell(comparison.Greedy)}");
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"length {comparison.Length.Before:0.0} characters before, {comparison.Length.After:0.0} now"));
        if (comparison.Families.Count > 1)
        {
            var last = comparison.K[^1];
            table = new Table().Border(TableBorder.Simple)
                .AddColumns("family", "problems", "greedy", "pass at 1", $"pass at {last}", $"reward at {last}");
            foreach (var (name, family) in comparison.Families)
            {
                table.AddRow(
                    name, $"{family.Problems}", Cell(family.Greedy), Cell(family.Pass1), Cell(family.PassAll), Cell(family.RewardAll));
            }

            console.Write(table);
        }
    }

    private static string Cell(Difference difference) => string.Create(
        CultureInfo.InvariantCulture, $"{difference.Before:0.000} → {difference.After:0.000} ({difference.Value:+0.000;-0.000}")
        + (difference is { Low: { } low, High: { } high }
            ? string.Create(CultureInfo.InvariantCulture, $", {low:+0.000;-0.000} to {high:+0.000;-0.000})") : ")");

    private static void Print(BestOfNCurve curve, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("k", "pass", "reward", "majority vote", "weighted vote");
        foreach (var column in table.Columns)
        {
            column.RightAligned();
        }

        for (var i = 0; i < curve.K.Count; i++)
        {
            table.AddRow(
                $"{curve.K[i]}",
                Cell(curve.Pass[i], curve.Intervals.Pass[i]),
                Cell(curve.Reward[i], curve.Intervals.Reward[i]),
                Cell(curve.MajorityVote[i], curve.Intervals.MajorityVote[i]),
                Cell(curve.WeightedVote[i], curve.Intervals.WeightedVote[i]));
        }

        console.Write(table);
        console.WriteLine($"greedy {Cell(curve.Greedy, curve.Intervals.Greedy)}");
        console.WriteLine(curve is { Auc: { } auc, Intervals.Auc: { } interval } ? $"auc    {Cell(auc, interval)}"
            : "auc    none: no problem has both correct and wrong answers");
        if (curve is { AucPlausible: { } plausible, AucSwapped: { } swapped,
            Intervals: { AucPlausible: { } near, AucSwapped: { } around } })
        {
            console.WriteLine($"auc    {Cell(plausible, near)} between answers that only looking tells apart");
            console.WriteLine($"auc    {Cell(swapped, around)} between those, shown the picture of another problem");
        }
    }

    private static string Cell(double value, IReadOnlyList<double> interval) =>
        string.Create(CultureInfo.InvariantCulture, $"{value:0.000} ±{(interval[1] - interval[0]) / 2:0.000}");
}
