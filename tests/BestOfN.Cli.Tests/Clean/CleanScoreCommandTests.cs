using System.CommandLine;
using System.Text.Json;
using BestOfN.Cli.Clean;
using BestOfN.Cli.Hosting;
using Spectre.Console;

namespace BestOfN.Cli.Tests.Clean;

public sealed class CleanScoreCommandTests : IDisposable
{
    private static readonly string s_model = Path.Combine(AppContext.BaseDirectory, "Golden", "internlm2-reward", "gqa");

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-clean-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    private string Data => Path.Combine(_folder, "data.jsonl");

    private string Scores => Path.Combine(_folder, "scores.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_model_scores_a_corpus_and_what_is_kept_follows_from_its_scores()
    {
        File.WriteAllLines(Data, Enumerable.Range(0, 6).Select(i => JsonSerializer.Serialize(
            new { messages =
                new[] { new { role = "user", content = $"What is {i}?" },
                    new { role = "assistant", content = i == 3 ? " " : $"It is {i}." } } })));
        string[] score = ["score", "--input", Data, "--model", s_model, "--dtype", "float32", "--output", Scores];
        Assert.True(await RunAsync(score) == 0, _error.ToString());
        Assert.Equal([0, 1, 2, 4, 5], File.ReadLines(Scores).Select(line => JsonElement.Parse(line).GetProperty("record").GetInt32()));
        Assert.True(await RunAsync(score) == 0, _error.ToString());
        Assert.Contains("0 records scored, 5 in an earlier run", _error.ToString(), StringComparison.Ordinal);

        Assert.True(
            await RunAsync("decide", "--input", Data, "--scores", Scores, "--output", Path.Combine(_folder, "out")) == 0,
                _error.ToString());
        Assert.Equal(5, File.ReadLines(Path.Combine(_folder, "out", "kept", "data.jsonl")).Count());
    }

    [Fact]
    public async Task A_shard_that_does_not_exist_is_told()
    {
        File.WriteAllText(Data, "{}");
        Assert.Equal(2, await RunAsync("score", "--input", Data, "--model", s_model, "--output", Scores, "--shard", "4/4"));
        Assert.Contains("--shard: expected INDEX/COUNT", _error.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(params string[] args)
    {
        var terminal = new CommandTerminal(CommandTerminal.Console(_out, AnsiSupport.No), CommandTerminal.Console(_error, AnsiSupport.No));
        return CommandRunner.RunAsync(
            new RootCommand { CleanCommand.Create(terminal) }, ["clean", .. args], terminal, TestContext.Current.CancellationToken);
    }
}
