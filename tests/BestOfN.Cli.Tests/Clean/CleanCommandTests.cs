using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using BestOfN.Cli.Clean;
using BestOfN.Cli.Hosting;
using BestOfN.Training.Tests.Policy;
using Spectre.Console;

namespace BestOfN.Cli.Tests.Clean;

public sealed class CleanCommandTests : IDisposable
{
    private static readonly string s_model = Path.Combine(AppContext.BaseDirectory, "Golden", "internlm2-reward", "gqa");

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-clean-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    private string Data => Path.Combine(_folder, "data.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task One_step_checks_scores_decides_writes_and_reports()
    {
        Write(12);
        Assert.Equal(0, await RunAsync("out", "--plant", "0.5"));
        Assert.Equal(
            ["dropped", "dropped.jsonl", "index.bin", "kept", "report.html", "report.json", "scores.jsonl"],
            Directory.EnumerateFileSystemEntries(In("out")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Assert.Equal(11, File.ReadLines(In("out", "kept", "data.jsonl")).Count());
        Assert.Contains("\"found\"", File.ReadAllText(In("out", "report.json")), StringComparison.Ordinal);
        Assert.Contains("12 records, 11 kept, 1 dropped", _error.ToString(), StringComparison.Ordinal);

        Assert.Equal(0, await RunAsync("out", "--plant", "0.5"));
        Assert.Contains("12 records were checked in an earlier run", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("has 11 records of an earlier run; going on behind them", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("0 records scored, 11 in an earlier run", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_over_the_first_records_writes_no_records()
    {
        Write(12);
        Assert.Equal(0, await RunAsync("out", "--dry-run", "--limit", "5"));
        Assert.Equal(5, Report("out").GetProperty("records").GetInt32());
        Assert.False(Directory.Exists(In("out", "kept")));
        Assert.Equal(2, await RunAsync("out", "--limit", "5"));
        Assert.Contains("--limit: expected 1 or more, and --dry-run beside it", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shards_together_give_what_one_run_gives_and_a_finished_one_returns_at_once()
    {
        Write(30);
        File.AppendAllLines(Data, File.ReadLines(Data).Take(3).ToArray());
        Assert.Equal(0, await RunAsync("whole"));
        Assert.Equal(0, await RunAsync("parts", "--shard", "0/2"));
        Assert.Equal(1, await RunAsync(["decide", "--input", Data, "--scores", In("parts"), "--output", In("parts")]));
        Assert.Contains("shards that are not done: 1 of 0 to 1", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await RunAsync("parts", "--shard", "1/2"));
        Assert.Equal(0, await RunAsync("parts", "--shard", "1/2"));
        Assert.Contains("shard 1 of 2 was done in an earlier run", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await RunAsync(["decide", "--input", Data, "--scores", In("parts"), "--output", In("parts")]));
        AssertSameResults("whole", "parts");
        Assert.Equal(3, Report("parts").GetProperty("reasons").GetProperty("duplicate").GetInt32());
    }

    [Fact]
    public async Task A_run_that_is_killed_at_any_point_goes_on_to_the_result_of_an_undisturbed_one()
    {
        Write(240);
        Assert.Equal(0, await RunAsync("whole"));
        var whole = new FileInfo(In("whole", "scores.jsonl")).Length;
        var random = new Random(Environment.ProcessId);
        for (var kill = 0; kill < 4; kill++)
        {
            var until = random.NextInt64(whole);
            using var child = Start("killed");
            while (!child.HasExited && (!File.Exists(In("killed", "scores.jsonl"))
                || new FileInfo(In("killed", "scores.jsonl")).Length < until))
            {
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            child.Kill();
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, await RunAsync("killed"));
        AssertSameResults("whole", "killed");
        var lines = File.ReadLines(In("killed", "scores.jsonl")).Select(line =>
            JsonElement.Parse(line).GetProperty("record").GetInt32()).ToArray();
        Assert.Equal(239, lines.Length);
        Assert.Equal(lines.Length, lines.Distinct().Count());
    }

    [Fact]
    public async Task Ctrl_C_ends_a_run_with_a_word_on_how_it_goes_on()
    {
        Write(2000);
        // A shell ignores Ctrl-C for what it starts in the background, and so would the child.
        using var child = Start("stopped", out var said, "env", "--default-signal=INT", "dotnet");
        while (!child.HasExited && !(File.Exists(In("stopped", "scores.jsonl")) && new FileInfo(In("stopped", "scores.jsonl")).Length > 0))
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        using (var interrupt = Process.Start("kill", ["-INT", $"{child.Id}"]))
        {
            await interrupt.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, child.ExitCode);
        Assert.Contains("keeps the records that are done; the same command goes on behind them", said.ToString(), StringComparison.Ordinal);
        Assert.All(File.ReadLines(In("stopped", "scores.jsonl")), line => JsonElement.Parse(line));
        Assert.False(Directory.Exists(In("stopped", "kept")));
        Assert.False(File.Exists(In("stopped", "report.json")));
    }

    [Fact]
    public async Task A_run_that_is_killed_while_it_checks_or_writes_leaves_no_result_by_halves()
    {
        Write(400);
        Assert.Equal(0, await RunAsync("whole"));
        var expected = Directory.EnumerateFiles(In("whole"), "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(In("whole"), path), path => new FileInfo(path).Length);

        // Each run is killed as soon as one of these is there, or the file beside its place.
        foreach (var sign in (string[])["index.bin", "scores.jsonl", "kept", "dropped.jsonl", "report.json"])
        {
            using var child = Start("killed");
            while (!child.HasExited && !(Directory.Exists(In("killed"))
                && Directory.EnumerateFileSystemEntries(In("killed"), sign + "*", SearchOption.AllDirectories).Any()))
            {
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            child.Kill();
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
            foreach (var name in (string[])["kept/data.jsonl", "dropped/data.jsonl"])
            {
                Assert.True(!File.Exists(In("killed", name)) || new FileInfo(In("killed", name)).Length == expected[name], name);
            }
        }

        Assert.Equal(0, await RunAsync("killed"));
        AssertSameResults("whole", "killed");
        Assert.Equal(
            expected.Keys.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(In("killed"), "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(In("killed"), path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_reward_model_on_another_server_scores_and_an_outage_ends_the_run_without_loss()
    {
        Write(12);
        var asked = 0;
        using var server = new RewardStub(answer => Interlocked.Increment(ref asked) <= 5 ? RewardStub.Reward(answer.Length)
            : (400, new { error = new { message = "This text is too odd.", type = "BadRequestError", code = 400 } }));
        var served = 0;
        using (var away = new RewardStub(answer => Interlocked.Increment(ref served) <= 3 ? RewardStub.Reward(answer.Length)
            : (401, new { error = "not today" })))
        {
            Assert.Equal(1, await RunAsync(["--input", Data, "--reward-url", away.Url, "--output", In("out")]));
            Assert.Contains("refused the credentials", _error.ToString(), StringComparison.Ordinal);
            Assert.Contains("the same command goes on behind them", _error.ToString(), StringComparison.Ordinal);
            Assert.All(
                File.ReadLines(In("out", "scores.jsonl")),
                line => Assert.Equal(JsonValueKind.Number, JsonElement.Parse(line).GetProperty("score").ValueKind));
            Assert.False(Directory.Exists(In("out", "kept")));
        }

        File.Delete(In("out", "scores.jsonl"));

        // A record that the server refuses is that record's fault, and the others go on.
        Assert.Equal(3, await RunAsync(["--input", Data, "--reward-url", server.Url, "--output", In("out")]));
        var lines = File.ReadLines(In("out", "scores.jsonl")).Select(line => JsonElement.Parse(line)).ToArray();
        Assert.Equal(5, lines.Count(line => line.GetProperty("score").ValueKind is JsonValueKind.Number));
        Assert.Equal(6, lines.Count(line => line.GetProperty("score").ValueKind is JsonValueKind.Null
            && line.GetProperty("error").GetString() == "This text is too odd."));
        Assert.DoesNotContain("\"tokens\"", File.ReadAllText(In("out", "report.json")), StringComparison.Ordinal);
        Assert.Contains($"{server.Url}/ vllm", File.ReadAllText(In("out", "report.json")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_or_a_server_is_needed_and_not_both()
    {
        Write(1);
        Assert.Equal(2, await RunAsync(["--input", Data, "--output", In("out")]));
        Assert.Contains("Expected --model, or --reward-url", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, await RunAsync("out", "--reward-url", "http://127.0.0.1:1"));
        Assert.Contains("Expected either --model or --reward-url.", _error.ToString(), StringComparison.Ordinal);
    }

    private void AssertSameResults(string one, string other)
    {
        Assert.Equal(File.ReadAllBytes(In(one, "kept", "data.jsonl")), File.ReadAllBytes(In(other, "kept", "data.jsonl")));
        Assert.Equal(File.ReadAllBytes(In(one, "dropped", "data.jsonl")), File.ReadAllBytes(In(other, "dropped", "data.jsonl")));
        Assert.Equal(Reasons(one), Reasons(other));
        var (z, same) = (Report(one).GetProperty("record_z"), Report(other).GetProperty("record_z"));
        Assert.All(z.EnumerateObject(), record =>
            Assert.Equal(record.Value.GetDouble(), same.GetProperty(record.Name).GetDouble(), tolerance: 0.05));
    }

    private string[] Reasons(string output) => [.. File.ReadLines(In(output, "dropped.jsonl")).Select(line =>
        $"{JsonElement.Parse(line).GetProperty("record")} {JsonElement.Parse(line).GetProperty("reasons")}")];

    private JsonElement Report(string output) => JsonElement.Parse(File.ReadAllBytes(In(output, "report.json")));

    private string In(params string[] parts) => Path.Combine([_folder, .. parts]);

    // The fourth has no answer.
    private void Write(int records) => File.WriteAllLines(Data, Enumerable.Range(0, records).Select(i => JsonSerializer.Serialize(
        new { messages = new[] { new { role = "user", content = $"What is {i}?" },
            new { role = "assistant", content = i == 3 ? " " : $"It is {i}." } } })));

    private string[] Clean(string output) => ["--input", Data, "--model", s_model, "--dtype", "float32", "--output", In(output)];

    private Process Start(string output) => Start(output, out _);

    private Process Start(string output, out StringBuilder said, params string[] program)
    {
        var heard = said = new StringBuilder();
        var start = new ProcessStartInfo(program.FirstOrDefault("dotnet"))
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        foreach (var word in (string[])
            [.. program.Skip(1), Path.Combine(AppContext.BaseDirectory, "bestofn.dll"), "clean", .. Clean(output)])
        {
            start.ArgumentList.Add(word);
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) => heard.AppendLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private Task<int> RunAsync(string output, params string[] more) => RunAsync([.. Clean(output), .. more]);

    private Task<int> RunAsync(string[] args)
    {
        var terminal = new CommandTerminal(CommandTerminal.Console(_out, AnsiSupport.No), CommandTerminal.Console(_error, AnsiSupport.No));
        return CommandRunner.RunAsync(
            new RootCommand { CleanCommand.Create(terminal) }, ["clean", .. args], terminal, TestContext.Current.CancellationToken);
    }
}
