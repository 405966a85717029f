using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using BestOfN.Cli.Evaluate;
using BestOfN.Cli.Hosting;
using BestOfN.Data.Tests.Benchmarks;
using Spectre.Console;

namespace BestOfN.Cli.Tests.Evaluate;

public sealed class EvaluateBenchmarkCommandTests : IDisposable
{
    // A PNG of one red pixel.
    private const string Pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

    private static readonly string s_golden = Path.Combine(AppContext.BaseDirectory, "Golden");
    private static readonly string s_model = Path.Combine(s_golden, "internlm2-reward", "gqa");

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-benchmark-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    private string Data => Path.Combine(_folder, "data.jsonl");

    private string Output => Path.Combine(_folder, "out");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("rewardbench", "rewardbench-a")]
    [InlineData("rewardbench2", "rewardbench2-b")]
    [InlineData("rm-bench", "rm-bench-a")]
    [InlineData("vl-rewardbench", "vl-rewardbench-b")]
    [InlineData("vl-rewardbench", "vl-rewardbench-votes-a")]
    [InlineData("multimodal-rewardbench", "multimodal-rewardbench-a")]
    [InlineData("judgebench", "judgebench-b")]
    public async Task Scores_of_a_file_become_figures(string benchmark, string set)
    {
        var json = Path.Combine(_folder, "figures.json");
        await SucceedAsync(benchmark, "--scores", Scores(set), "--json", json, "--output", Output);

        SameFigures.AssertHolds(Json(Path.Combine(s_golden, "evaluators", set, "expected.json")), Json(json));
        var result = Json(Path.Combine(Output, "result.json"));
        Assert.Equal((benchmark, true), (result.GetProperty("benchmark").GetString(), result.GetProperty("complete").GetBoolean()));
        Assert.Contains("95 % interval", _out.ToString(), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Output, "plot.svg")));
    }

    [Fact]
    public async Task Two_models_are_compared_row_by_row()
    {
        var json = Path.Combine(_folder, "figures.json");
        await SucceedAsync("judgebench", "--scores", Scores("judgebench-a"), "--against", Scores("judgebench-a"), "--json", json);
        Assert.Equal(1, Json(json).GetProperty("against").GetProperty("mcnemar_p").GetDouble());
        Assert.Contains("McNemar's p 1", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scores_of_a_file_need_no_libtorch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What a process loads is told by glibc.");
        var start = new ProcessStartInfo(
            "dotnet", [typeof(EvaluateCommand).Assembly.Location, "evaluate", "rm-bench", "--scores", Scores("rm-bench-a")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LD_DEBUG"] = "files", ["LD_DEBUG_OUTPUT"] = Path.Combine(_folder, "loaded") },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Contains("hard, official", await output, StringComparison.Ordinal);

        var loaded = string.Concat(Directory.EnumerateFiles(_folder, "loaded*").Select(File.ReadAllText));
        Assert.Contains("libcoreclr.so", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("libtorch", loaded, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("TorchSharp", loaded, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_model_scores_the_published_rows_and_the_same_figures_follow_from_its_scores()
    {
        WritePairs(3);
        var (json, again) = (Path.Combine(_folder, "figures.json"), Path.Combine(_folder, "again.json"));
        await SucceedAsync("rewardbench", "--data", Data, "--model", s_model, "--dtype", "float32", "--output", Output, "--json", json);
        await SucceedAsync("rewardbench", "--scores", Path.Combine(Output, "scores.jsonl"), "--json", again);

        SameFigures.AssertHolds(Json(json).GetProperty("subsets"), Json(again).GetProperty("subsets"));
        var rows = File.ReadLines(Path.Combine(Output, "scores.jsonl")).Select(line => JsonElement.Parse(line)).ToArray();
        Assert.Equal([1, 2, 3], rows.Select(row => row.GetProperty("id").GetInt32()));
        Assert.All(rows, row => Assert.True(row.GetProperty("score_chosen").GetDouble() != row.GetProperty("score_rejected").GetDouble()));
        Assert.Equal("Float32", Json(Path.Combine(Output, "result.json")).GetProperty("judge").GetProperty("dtype").GetString());
        Assert.Equal(1, await RunAsync("rewardbench", "--data", Data, "--model", s_model, "--dtype", "float32", "--output", Output));
        Assert.Contains("--force replaces it", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_longer_than_the_limit_is_cut_on_the_side_that_is_asked_for_or_has_no_score()
    {
        WritePairs(1);
        var scores = new Dictionary<string, double>();
        foreach (var side in new[] { "left", "right" })
        {
            var output = Path.Combine(_folder, side);
            await SucceedAsync("rewardbench", "--data", Data, "--model", s_model, "--dtype",
                "float32", "--output", output, "--max-length", "6", "--truncate", side);
            var row = JsonElement.Parse(File.ReadAllText(Path.Combine(output, "scores.jsonl")));
            Assert.True(row.GetProperty("truncated").GetBoolean());
            scores[side] = row.GetProperty("score_chosen").GetDouble();
        }

        Assert.NotEqual(scores["left"], scores["right"]);
        Assert.Equal(
            1, await RunAsync(
                "rewardbench", "--data", Data, "--model", s_model, "--dtype", "float32", "--output", Output, "--max-length", "6"));
        Assert.Contains("incomplete", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Json(Path.Combine(Output, "result.json")).GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task A_model_with_a_vision_encoder_gets_the_images_of_a_Parquet_file()
    {
        var data = Path.Combine(_folder, "test-00000-of-00001.parquet");
        await using (var file = File.Create(data))
        {
            await Parquet.Serialization.ParquetSerializer.SerializeAsync(
                [new VlRow
                {
                    id = "mmmu_1",
                    query = "<image>\nWhat is it?",
                    response = ["red", "blue"],
                    human_ranking = [0, 1],
                    image = new() { bytes = System.Convert.FromBase64String(Pixel) },
                }],
                file,
                cancellationToken: TestContext.Current.CancellationToken);
        }

        await SucceedAsync("vl-rewardbench", "--data", data, "--model",
            Path.Combine(AppContext.BaseDirectory, "config", "models", "pocket-reward"), "--output", Output);
        var row = JsonElement.Parse(File.ReadAllText(Path.Combine(Output, "scores.jsonl")));
        Assert.Equal(2, row.GetProperty("scores").GetArrayLength());
        Assert.Equal("""{"reasoning":{"correct":""", Json(Path.Combine(Output, "result.json")).GetProperty("metrics").GetProperty("groups")
            .GetRawText().Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal)[..24]);
    }

    [Fact]
    public async Task A_sample_is_named_as_one()
    {
        await SucceedAsync("judgebench", "--scores", Scores("judgebench-a"), "--limit", "5", "--seed", "7", "--output", Output);
        Assert.Contains("a sample of 5 of 34 rows", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal(7, Json(Path.Combine(Output, "result.json")).GetProperty("sample").GetProperty("seed").GetInt32());
    }

    [Theory]
    [InlineData("Expected either --model", "rm-bench")]
    [InlineData("--model needs --data", "rm-bench", "--model", "/")]
    [InlineData("--limit must be at least 1", "rm-bench", "--model", "/", "--data", "/dev/null", "--limit", "0")]
    public async Task A_wrong_command_line_is_an_error_that_says_what_is_wrong(string says, params string[] args)
    {
        Assert.Equal(2, await RunAsync(args));
        Assert.Contains(says, _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_row_is_named()
    {
        File.WriteAllText(Data, """[{"id": 1, "prompt": "?", "chosen": ["a", "b", "c"], "rejected": ["d", "e"], "domain": "chat"}]""");
        Assert.Equal(1, await RunAsync("rm-bench", "--data", Data, "--model", s_model));
        Assert.Contains("data.jsonl, row 1: rejected: expected 3 texts", _error.ToString(), StringComparison.Ordinal);
    }

    private static string Scores(string set) => Path.Combine(s_golden, "evaluators", set, "scores.jsonl");

    private static JsonElement Json(string path) => JsonElement.Parse(File.ReadAllBytes(path));

    private void WritePairs(int count) => File.WriteAllLines(Data, Enumerable.Range(1, count).Select(id => JsonSerializer.Serialize(
        new { id, prompt = $"What is {id} and one?", chosen = $"It is {id + 1}.",
            rejected = "I do not know.", subset = "hep-go", chosen_model = "unused" })));

    private async Task SucceedAsync(params string[] args) => Assert.True(await RunAsync(args) == 0, _error.ToString());

    private Task<int> RunAsync(params string[] args)
    {
        var terminal = new CommandTerminal(CommandTerminal.Console(_out, AnsiSupport.No), CommandTerminal.Console(_error, AnsiSupport.No));
        var root = new RootCommand { EvaluateCommand.Create(terminal, (_, _) => throw new NotSupportedException()) };
        return CommandRunner.RunAsync(root, ["evaluate", .. args], terminal, TestContext.Current.CancellationToken);
    }

#pragma warning disable IDE1006 // The names are the columns'.
    private sealed class VlRow
    {
        public string? id { get; set; }

        public string? query { get; set; }

        public List<string>? response { get; set; }

        public List<int>? human_ranking { get; set; }

        public VlImage? image { get; set; }
    }

    private sealed class VlImage
    {
        public byte[]? bytes { get; set; }

        public string? path { get; set; }
    }
#pragma warning restore IDE1006
}
