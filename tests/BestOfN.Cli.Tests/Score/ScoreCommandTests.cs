using System.CommandLine;
using System.Text.Json;
using BestOfN.Cli.Hosting;
using BestOfN.Cli.Score;
using Spectre.Console;

namespace BestOfN.Cli.Tests.Score;

public sealed class ScoreCommandTests : IDisposable
{
    private static readonly string s_golden = Path.Combine(AppContext.BaseDirectory, "Golden", "internlm2-reward", "gqa");

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-score-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    private string Input => Path.Combine(_folder, "rows.jsonl");

    private string Output => Path.Combine(_folder, "scores.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Conversations_are_scored_into_a_file_or_to_standard_output()
    {
        using var inputs = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_golden, "inputs.json")));
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(s_golden, "expected.json")));
        File.WriteAllLines(Input, inputs.RootElement.GetProperty("samples").EnumerateArray()
            .Select((s, i) => JsonSerializer.Serialize(new { id = i, messages = s.GetProperty("messages") })));

        Assert.Equal(0, await RunAsync("--output", Output, "--dtype", "float32"));
        Assert.Empty(_out.ToString());
        Assert.Equal(0, await RunAsync("--dtype", "float32"));

        var rewards = expected.RootElement.GetProperty("samples").EnumerateArray()
            .Select(s => s.GetProperty("reward").GetDouble()).ToArray();
        Assert.All((IEnumerable<string>[])[File.ReadLines(Output), _out.ToString().TrimEnd().Split('\n')], lines =>
        {
            var scores = lines.Select(l => JsonDocument.Parse(l).RootElement.GetProperty("score").GetDouble()).ToArray();
            Assert.Equal(rewards, scores, (a, b) => Math.Abs(a - b) <= 1e-4);
        });
        var summary = _error.ToString().TrimEnd().Split('\n');
        Assert.Equal(2, summary.Length);
        Assert.Matches($@"scores\.jsonl: {rewards.Length} rows, {rewards.Length} scored, 0 failed; .* s, \d+ tokens, .* tokens/s$",
            summary[0].TrimEnd());
    }

    [Fact]
    public async Task Scores_of_another_model_are_not_kept()
    {
        File.WriteAllLines(Input, ["{\"id\":1,\"input_ids\":[5,6]}"]);
        File.WriteAllText(Output, "{\"id\":1,\"score\":42}\n");
        Assert.Equal(1, await RunAsync("--output", Output));
        Assert.Contains("scores.jsonl is there already; --force replaces it", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await RunAsync("--output", Output, "--force"));
        Assert.DoesNotContain("42", File.ReadAllText(Output), StringComparison.Ordinal);
        Assert.Equal([Input, Output], Directory.EnumerateFiles(_folder).Order());
    }

    [Fact]
    public async Task A_bad_row_is_skipped_where_that_is_asked_for_and_the_exit_code_says_so()
    {
        File.WriteAllLines(
            Input, ["{\"id\":1,\"input_ids\":[5,6]}", "{\"id\":2,\"input_id\":[5,6]}", "{\"id\":3,\"input_ids\":[5,99999999]}"]);
        Assert.Equal(3, await RunAsync("--on-error", "skip"));
        var rows = _out.ToString().TrimEnd().Split('\n').Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.Equal([true, false, false], rows.Select(r => r.TryGetProperty("score", out _)));
        Assert.Equal("input_id: not a field that is read; did you mean input_ids?", rows[1].GetProperty("error").GetString());
        Assert.Contains("failed: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("rows.jsonl, line 3: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("3 rows, 1 scored, 2 failed", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rows.jsonl", "is the input, too")]
    [InlineData("", "is a folder")]
    [InlineData("/dev/null", "is not a regular file")]
    [InlineData("/proc/scores.jsonl", "/proc/scores.jsonl cannot be written")]
    public async Task An_output_that_cannot_be_made_is_told_before_a_model_is_loaded(string output, string says)
    {
        File.WriteAllLines(Input, ["{\"id\":1,\"input_ids\":[5,6]}"]);
        Assert.Equal(1, await RunAsync("--force", "--output", Path.Combine(_folder, output)));
        Assert.Contains(says, Assert.Single(_error.ToString().TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Contains("input_ids", File.ReadAllText(Input), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_row_is_one_line_that_names_it()
    {
        File.WriteAllLines(Input, ["{\"id\":1,\"input_ids\":[5]}", "{\"id\":2}"]);
        Assert.Equal(1, await RunAsync("--output", Output));
        Assert.Contains(
            "rows.jsonl, line 2: expected messages", Assert.Single(_error.ToString().TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
    }

    [Fact]
    public async Task A_rule_for_steps_is_refused_where_there_are_none()
    {
        File.WriteAllLines(Input, ["{\"id\":1,\"input_ids\":[5]}"]);
        Assert.Equal(1, await RunAsync("--step-reward", "min"));
        Assert.Contains("does not score steps", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--dtype", "float16")]
    [InlineData("--device", "tpu")]
    [InlineData("--step-reward", "mean")]
    public async Task A_value_that_does_not_exist_exits_with_2(params string[] options)
    {
        File.WriteAllLines(Input, ["{\"id\":1,\"input_ids\":[5]}"]);
        Assert.Equal(2, await RunAsync(options));
    }

    [Theory]
    [InlineData("--model", "nope", "--model: there is no folder 'nope'.")]
    [InlineData("--input", "nope", "--input: there is no file 'nope'.")]
    [InlineData("--input", "", "--input: there is no file ''.")]
    [InlineData("--output", "", "--output: expected a path, found an empty text.")]
    public async Task A_path_that_is_wrong_is_told_with_its_option(string option, string path, string says)
    {
        File.WriteAllLines(Input, ["{\"id\":1,\"input_ids\":[5]}"]);
        var paths = new Dictionary<string, string> { ["--model"] = s_golden, ["--input"] = Input, [option] = path };
        Assert.Equal(2, await ExitAsync([.. paths.SelectMany(p => new[] { p.Key, p.Value })], TestContext.Current.CancellationToken));
        Assert.Contains(says, Assert.Single(_error.ToString().TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Control_C_before_the_first_row_says_what_is_kept()
    {
        File.WriteAllLines(Input, ["{\"id\":1,\"input_ids\":[5]}"]);
        string[] command = ["--model", s_golden, "--input", Input];
        Assert.Equal(130, await ExitAsync(command, new CancellationToken(canceled: true)));
        Assert.Contains("without --output the same command begins with the first row again", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(130, await ExitAsync([.. command, "--output", Output], new CancellationToken(canceled: true)));
        Assert.Contains("no row was done; the same command begins with the first row", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal([Input], Directory.EnumerateFiles(_folder));

        // What an earlier run left stays.
        File.WriteAllText(Output + ".partial", "scores\n");
        Assert.Equal(130, await ExitAsync([.. command, "--output", Output], new CancellationToken(canceled: true)));
        Assert.Contains(
            "scores.jsonl.partial keeps the rows that are done; the same command goes on", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("scores\n", File.ReadAllText(Output + ".partial"));
    }

    private Task<int> RunAsync(params string[] options) =>
        ExitAsync(["--model", s_golden, "--input", Input, .. options], TestContext.Current.CancellationToken);

    private Task<int> ExitAsync(string[] options, CancellationToken cancellationToken)
    {
        var terminal = new CommandTerminal(Console(_out), Console(_error));
        var root = new RootCommand { ScoreCommand.Create(terminal) };
        return CommandRunner.RunAsync(root, ["score", .. options], terminal, cancellationToken);

        static IAnsiConsole Console(TextWriter writer) =>
            AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(writer) });
    }
}
