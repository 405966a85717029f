using System.CommandLine;
using System.Globalization;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Samples;
using Spectre.Console;

namespace BestOfN.Cli.Sample;

/// <summary>Makes preference pairs from samples.</summary>
internal static class PairsCommand
{
    public static Command Create(CommandTerminal terminal)
    {
        var input = new Option<FileInfo[]>("--input", "-i")
        {
            Description = "Files of samples; see 'bestofn sample'.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        input.AcceptExistingOnly();
        var output = new Option<FileInfo>("--output", "-o") { Description = "File of pairs.", Required = true };
        var force = new Option<bool>("--force") { Description = "Replace the file." };
        var format = new Option<string>("--format")
        {
            Description = "Whose form the pairs have; 'train reward' reads them all.",
            DefaultValueFactory = _ => "trl",
        };
        format.AcceptOnlyFromAmong("trl", "openrlhf", "ixc");
        var margin = new Option<double>("--margin") { Description = "Least difference of the two scores.", DefaultValueFactory = _ => 0 };
        var ratio = new Option<double>("--max-length-ratio")
        {
            Description = "Characters of the chosen answer at most, as a multiple of the rejected one's; 0: length does not matter.",
            DefaultValueFactory = _ => 1.5,
        };
        var perPrompt = new Option<int>("--pairs-per-prompt")
        {
            Description = "Pairs of one prompt at most; no answer is in two.",
            DefaultValueFactory = _ => 1,
        };
        margin.Validators.Add(NotNegative(margin));
        ratio.Validators.Add(NotNegative(ratio));
        perPrompt.Validators.Add(Validate.AtLeast(perPrompt, 1));
        Validate.IsNamed(output);
        var command = new Command("pairs", "Make preference pairs (chosen and rejected) from samples.")
        {
            input, output, force, format, margin, ratio, perPrompt,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var file = parsed.GetRequiredValue(output);
            OutputFile.CheckWritable("--output", file);
            if (file.Exists && !parsed.GetValue(force))
            {
                throw new IOException($"{file} is there already; --force replaces it.");
            }

            string[] samples = [.. parsed.GetRequiredValue(input).Select(f => f.FullName)];
            var selection = new PairSelection
            {
                Margin = parsed.GetValue(margin),
                MaxLengthRatio = parsed.GetValue(ratio) is > 0 and var most ? most : null,
                PairsPerPrompt = parsed.GetValue(perPrompt),
            };
            var summary = await terminal.WithProgressAsync(
                "prompts paired", samples.Sum(path => File.ReadLines(path).Count()),
                progress => Task.Run(
                    () => new PairFile(file.FullName, Enum.Parse<PairFormat>(parsed.GetRequiredValue(format), ignoreCase: true), selection)
                        .Write(samples, progress, cancellationToken),
                    cancellationToken));
            Print(summary, terminal.Out);
            return ExitCodes.Success;
        });
        return command;
    }

    private static void Print(PairSummary summary, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("prompts", $"{summary.Prompts}");
        table.Columns[1].RightAligned();
        table.AddRow("pairs", $"{summary.Pairs}");
        foreach (var (reason, count) in summary.WithoutPair)
        {
            table.AddRow($"no pair: {Words(reason)}", $"{count}");
        }

        Add("mean difference of scores", summary.MeanDifference);
        Add("mean length, chosen over rejected", summary.MeanLengthRatio);
        Add("chosen is correct, rejected is not", summary.ChosenCorrect);
        console.Write(table);

        void Add(string name, double? value)
        {
            if (value is { } number)
            {
                table.AddRow(name, number.ToString("0.000", CultureInfo.InvariantCulture));
            }
        }
    }

    private static string Words(NoPair reason) => reason switch
    {
        NoPair.TooFewScores => "fewer than two answers have a score",
        NoPair.NoFinishedAnswer => "every answer was cut off",
        NoPair.SameAnswers => "all answers say the same",
        NoPair.TooClose => "the scores differ by less than the margin",
        NoPair.TooLong => "every better answer is much longer",
        NoPair.Repeated => "the same two answers came before",
        NoPair.NoPlaceInFormat => "the format has no place for its images, video or roles",
        _ => reason.ToString(),
    };

    private static Action<System.CommandLine.Parsing.OptionResult> NotNegative(Option<double> option) => result =>
    {
        if (result.GetValueOrDefault<double>() is not >= 0)
        {
            result.AddError($"{option.Name} must be at least 0.");
        }
    };
}
