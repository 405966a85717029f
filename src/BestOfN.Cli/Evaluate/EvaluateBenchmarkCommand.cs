using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Benchmarks;
using BestOfN.Data.Plots;
using BestOfN.Data.Records;
using BestOfN.Inputs.Files;
using Spectre.Console;

namespace BestOfN.Cli.Evaluate;

/// <summary>One public benchmark: scores by a model or from a file, the figures of both.</summary>
internal static class EvaluateBenchmarkCommand
{
    public static Command Create(CommandTerminal terminal, IBenchmark benchmark)
    {
        var data = new Option<FileInfo[]>("--data")
        {
            Description = "Files of the benchmark as published: JSON lines, a JSON array or Parquet. Nothing is downloaded.",
            AllowMultipleArgumentsPerToken = true,
        };
        data.AcceptExistingOnly();
        var model = new Option<DirectoryInfo>("--model", "-m") { Description = "Folder of a reward model in the published layout." };
        model.AcceptExistingOnly();
        var scores = new Option<FileInfo>("--scores")
        {
            Description = "Scores in place of a model: JSON lines with the id, the label and the "
                + "scores of every row, as --output writes them. Needs neither --data nor libtorch.",
        };
        scores.AcceptExistingOnly();
        var against = new Option<FileInfo>("--against")
        {
            Description = "Scores of another model on the same rows, in the form of --scores: is the difference more than chance?",
        };
        against.AcceptExistingOnly();
        var output = new Option<DirectoryInfo?>("--output", "-o")
        {
            Description = "Folder that receives scores.jsonl, result.json and plot.svg. A run that was broken "
                + "off goes on behind the rows that are still the same, with the same model and options.",
        };
        var json = new Option<FileInfo?>("--json") { Description = "File that receives the figures." };
        var force = new Option<bool>("--force") { Description = "Replace what is in --output, and the file of --json." };
        var maxLength = new Option<int?>("--max-length")
        {
            Description = "Tokens of a prompt with its answer at most. Without it: what the model reads. The tool of RewardBench has 2048.",
        };
        var truncate = new Option<string>("--truncate")
        {
            Description = "What is done about more: fail gives no score, left cuts the prompt's "
                + "beginning (as RewardBench), right the answer's end (as RewardBench 2).",
            DefaultValueFactory = _ => "fail",
        };
        truncate.AcceptOnlyFromAmong("fail", "left", "right");
        var limit = new Option<int?>("--limit") { Description = "Draw so many rows. The result is marked as a sample." };
        var seed = new Option<int>("--seed") { Description = "Decides which rows --limit draws.", DefaultValueFactory = _ => 1 };
        var type = ComputeOptions.Dtype();
        var device = ComputeOptions.Device();
        var hdNum = new Option<int?>("--hd-num")
        {
            Description =
                "Tiles at most into which the only image of a conversation is cut. Published scores of IXC-2.5-Reward were made with 9.",
        };
        foreach (var (option, largest) in new[] { (maxLength, int.MaxValue), (limit, int.MaxValue), (hdNum, 64) })
        {
            option.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int?>() is { } value && (value < 1 || value > largest))
                {
                    result.AddError(
                        largest == int.MaxValue ? $"{option.Name} must be at least 1." : $"{option.Name}: expected 1 to {largest}.");
                }
            });
        }

        var command = new Command(benchmark.Name, benchmark.Description)
        {
            data, model, scores, against, output, json, force, maxLength, truncate, limit, seed, type, device, hdNum,
        };
        command.Validators.Add(result =>
        {
            var (hasModel, hasScores) = (result.GetResult(model) is not null, result.GetResult(scores) is not null);
            if (hasModel == hasScores)
            {
                result.AddError("Expected either --model, with --data, or --scores.");
            }
            else if (hasModel && result.GetResult(data) is null)
            {
                result.AddError("--model needs --data: the files of the benchmark.");
            }
        });
        command.SetAction((parsed, cancellationToken) => RunAsync(
            terminal,
            benchmark,
            new Request(
                [.. (parsed.GetValue(data) ?? []).Select(file => file.FullName)],
                parsed.GetValue(model),
                parsed.GetValue(scores)?.FullName,
                parsed.GetValue(against)?.FullName,
                parsed.GetValue(output)?.FullName,
                parsed.GetValue(json),
                parsed.GetValue(force),
                parsed.GetValue(limit),
                parsed.GetValue(seed),
                new(parsed.GetRequiredValue(type), parsed.GetRequiredValue(device), parsed.GetValue(hdNum),
                    parsed.GetValue(maxLength), parsed.GetRequiredValue(truncate)),
                string.Join(' ', parsed.Tokens.Select(token => token.Value).Prepend("bestofn"))),
            cancellationToken));
        return command;
    }

    // Cheap checks come first: the outputs, the rows, then the model, which takes long to load.
    private static async Task<int> RunAsync(
        CommandTerminal terminal, IBenchmark benchmark, Request request, CancellationToken cancellationToken)
    {
        OutputFile.CheckWritable("--json", request.Json, request.Force);
        if (request.InOutput("result.json") is { } resultFile)
        {
            OutputFile.CheckWritable("--output", new FileInfo(resultFile), request.Force);
        }

        string[] files = request.Scores is { } file ? [file] : request.Data;
        var (rows, sample) = BenchmarkSample.Draw(await BenchmarkFile.ReadAsync(files, cancellationToken), request.Limit, request.Seed);
        var begun = terminal.Time.GetTimestamp();
        JsonObject? judge = null;
        var scored = rows;
        if (request.Model is { } model)
        {
            (scored, judge) = await ScoreAsync(terminal, benchmark, rows, model, request, cancellationToken);
        }

        var result = benchmark.Measure(scored);
        var report = new BenchmarkReport
        {
            Benchmark = benchmark,
            Result = result,
            Against = request.Against is { } other ? await CompareAsync(benchmark, scored, result, other, cancellationToken) : null,
            Rows = scored,
            Sample = sample,
            Data = files.ToDictionary(
                path => path, path => System.Convert.ToHexStringLower(FileDigest.Of(path, cancellationToken: cancellationToken))),
            Judge = judge,
            Time = judge is null ? null : terminal.Time.GetElapsedTime(begun),
            Command = request.Command,
        };
        if (request.Json is { } json)
        {
            report.WriteFigures(json.FullName);
        }

        if (request.InOutput("plot.svg") is { } plot)
        {
            BenchmarkPlot.WriteSvg(report.Title, report.Result.Figures, plot);
            report.WriteResult(request.InOutput("result.json")!);
        }

        Print(report, terminal.Out);
        terminal.Tell($"{report.Title}: {report.Result.Ties} ties, {report.Result.Unscored} unscored, {report.Truncated} truncated"
            + (report.Time is { } time ? $"; {Amounts.Time(time)}" : ""));
        if (report.Against is { } test)
        {
            terminal.Tell(string.Create(
                CultureInfo.InvariantCulture,
                $"against {Path.GetFileName(request.Against)}: {100 * test.Difference:+0.0;-0.0;0.0} points, 95 % interval "
                + $"{100 * test.Interval95.Low:F1} to {100 * test.Interval95.High:F1}; "
                + $"{test.OnlyFirst} rows right here alone, {test.OnlySecond} there alone, McNemar's p {test.PValue:G2}"));
        }

        if (!report.IsComplete)
        {
            terminal.Tell("incomplete: more than 1 % of the rows have no score; they count as lost, and the figures say little");
        }

        return report.IsComplete ? ExitCodes.Success : ExitCodes.Failure;
    }

    private static async Task<(IReadOnlyList<BenchmarkRow> Rows, JsonObject Judge)> ScoreAsync(
        CommandTerminal terminal, IBenchmark benchmark, IReadOnlyList<BenchmarkRow> rows,
        DirectoryInfo model, Request request, CancellationToken cancellationToken)
    {
        using var judge = await EngineJudge.LoadAsync(model, request.Options, terminal, cancellationToken);
        foreach (var assumption in judge.Assumptions)
        {
            terminal.Tell($"{model.Name} does not say everything about itself; assumed: {assumption}");
        }

        var run = new JsonObject { ["benchmark"] = benchmark.Name, ["judge"] = judge.Description.DeepClone() }.ToJsonString();
        using var file = request.InOutput("scores.jsonl") is { } path ? ResumableLines.Open(path, run, request.Force) : null;
        try
        {
            var scored = await terminal.WithProgressAsync(
                "scoring rows", rows.Count,
                progress => new BenchmarkScoring(benchmark, judge).RunAsync(rows, file, progress, cancellationToken));
            return (scored, judge.Description);
        }
        catch (OperationCanceledException) when (file is not null)
        {
            terminal.Tell($"{file.Path}.partial keeps the rows that are done; the same command goes on behind them");
            throw;
        }
    }

    private static async Task<PairedTest> CompareAsync(
        IBenchmark benchmark, IReadOnlyList<BenchmarkRow> scored, BenchmarkResult result, string other, CancellationToken cancellationToken)
    {
        var rows = await BenchmarkFile.ReadAsync([other], cancellationToken);
        try
        {
            return PairedTest.Of(scored, result.Right, rows, benchmark.Measure(rows).Right);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"--against {other}: {e.Message}", e);
        }
    }

    private static void Print(BenchmarkReport report, IAnsiConsole console)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns(Markup.Escape(report.Title), "%", "95 % interval", "rows");
        foreach (var column in table.Columns.Skip(1))
        {
            column.RightAligned();
        }

        foreach (var figure in report.Result.Figures)
        {
            table.AddRow(Markup.Escape(figure.Name), Percent(figure.Value),
                figure.Interval is { } i ? $"{Percent(i.Low)} – {Percent(i.High)}" : "", $"{figure.Rows}");
        }

        console.Write(table);

        static string Percent(double value) => (100 * value).ToString("F1", CultureInfo.InvariantCulture);
    }

    private sealed record Request(
        string[] Data, DirectoryInfo? Model, string? Scores, string? Against, string? Output, FileInfo? Json,
            bool Force, int? Limit, int Seed, JudgeOptions Options, string Command)
    {
        public string? InOutput(string name) => Output is null ? null : Path.Combine(Output, name);
    }
}
