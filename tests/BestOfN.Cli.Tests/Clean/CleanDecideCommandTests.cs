using System.CommandLine;
using BestOfN.Cli.Clean;
using BestOfN.Cli.Hosting;
using Spectre.Console;

namespace BestOfN.Cli.Tests.Clean;

public sealed class CleanDecideCommandTests : IDisposable
{
    private static readonly string s_golden = Path.Combine(AppContext.BaseDirectory, "Golden", "data-cleaning", "llava-json");

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-clean-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_is_kept_and_dropped_is_written_and_told()
    {
        Assert.Equal(0, await RunAsync("--options", Path.Combine(s_golden, "config.json")));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(s_golden, "expected_kept.json")), File.ReadAllBytes(Path.Combine(_folder, "kept", "data.json")));
        Assert.Equal(
            File.ReadAllText(Path.Combine(s_golden, "expected_dropped.jsonl")), File.ReadAllText(Path.Combine(_folder, "dropped.jsonl")));
        Assert.Contains("low_reward 8", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("154 records, 133 kept, 21 dropped, 1 unscored", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(
            ["dropped", "dropped.jsonl", "dropped/data.json", "kept", "kept/data.json", "report.html", "report.json"],
            Directory.EnumerateFileSystemEntries(_folder, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(_folder, path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_cap_that_bites_is_told_and_the_exit_code_says_so()
    {
        var options = Path.Combine(_folder, "options.json");
        File.WriteAllText(options, """{"max_drop": 0.02}""");
        Assert.Equal(3, await RunAsync("--options", options));
        Assert.Contains("capped: in the source colours", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_option_that_does_not_exist_is_named()
    {
        var options = Path.Combine(_folder, "options.json");
        File.WriteAllText(options, """{"zz": 3}""");
        Assert.Equal(1, await RunAsync("--options", options));
        Assert.Contains("zz", _error.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(params string[] options)
    {
        var terminal = new CommandTerminal(CommandTerminal.Console(_out, AnsiSupport.No), CommandTerminal.Console(_error, AnsiSupport.No));
        return CommandRunner.RunAsync(
            new RootCommand { CleanCommand.Create(terminal) },
            ["clean", "decide", "--input", Path.Combine(s_golden, "data.json"), "--scores", Path.Combine(s_golden, "scores.jsonl"),
                "--output", _folder, .. options],
            terminal,
            TestContext.Current.CancellationToken);
    }
}
