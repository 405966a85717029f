using System.CommandLine;
using BestOfN.Cli.Evaluate;
using BestOfN.Cli.Hosting;
using BestOfN.Cli.Train;
using BestOfN.Training.Evaluation;
using Spectre.Console;

namespace BestOfN.Cli.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("train", "tokenizer")]
    [InlineData("train", "generator", "--recipy", "x")]
    [InlineData("evaluate", "best-of-n", "--generator", "/", "--reward", "/nowhere/at/all")]
    [InlineData("evaluate", "best-of-n", "--generator", "/", "--reward", "/", "--world", "mars")]
    [InlineData("evaluate", "best-of-n", "--generator", "/", "--reward", "/", "--samples", "0")]
    [InlineData("bake")]
    public async Task A_wrong_command_line_is_two_and_one_line(params string[] args)
    {
        Assert.Equal(2, await RunAsync(args));
        Assert.Single(_error.ToString().TrimEnd().Split('\n'));
        Assert.Empty(_out.ToString());
    }

    [Fact]
    public async Task A_wrong_command_line_is_led_to_the_help_of_its_command()
    {
        await RunAsync("train", "generator", "--recipy", "x");

        Assert.EndsWith("See 'bestofn train generator --help'.", _error.ToString().TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recipe_of_the_published_kind_is_followed_as_one()
    {
        var recipe = Path.Combine(_folder, "recipe.json");
        await File.WriteAllTextAsync(
            recipe,
            """
            {
              "kind": "published",   // and with comments
              "base": "nowhere", "output": "nowhere/at/all", "seed": 1,
              "data": [ { "path": "no-such-pairs.jsonl" } ], "held_out": [ { "path": "no-such-pairs.jsonl" } ], "training": {}
            }
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal(1, await RunAsync("train", "reward", "--recipe", recipe, "--state", Path.Combine(_folder, "state")));
        Assert.Contains("no-such-pairs.jsonl", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_is_one_and_one_line()
    {
        var recipe = Path.Combine(_folder, "recipe.json");
        await File.WriteAllTextAsync(recipe, "{", TestContext.Current.CancellationToken);

        Assert.Equal(1, await RunAsync("train", "generator", "--recipe", recipe));
        Assert.Single(_error.ToString().TrimEnd().Split('\n'));
        Assert.StartsWith("bestofn: ", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_command_is_130_and_leaves_nothing_behind()
    {
        using var interrupted = new CancellationTokenSource();
        var json = Path.Combine(_folder, "curve.json");
        var pools = new Source(cancellationToken =>
        {
            interrupted.Cancel();
            cancellationToken.ThrowIfCancellationRequested();
        });

        Assert.Equal(130, await RunAsync(["evaluate", "best-of-n", "--generator", _folder, "--reward", _folder, "--json", json], pools, interrupted.Token));
        Assert.False(File.Exists(json));
    }

    [Fact]
    public async Task A_curve_is_printed_written_and_drawn()
    {
        var (json, plot) = (Path.Combine(_folder, "curve.json"), Path.Combine(_folder, "curve.svg"));
        var pools = new Source(_ => { });

        var exit = await RunAsync(
            ["evaluate", "best-of-n", "--generator", _folder, "--reward", _folder, "--json", json, "--plot", plot, "--problems", "7", "--samples", "2", "--seed", "5"],
            pools,
            TestContext.Current.CancellationToken);

        Assert.Equal(0, exit);
        Assert.Equal((7, 2, 5ul), (pools.Asked!.Problems, pools.Asked.Samples, pools.Asked.Seed));
        Assert.Equal([1, 2], BestOfNCurve.Read(json).K);
        Assert.True(File.Exists(plot));
        Assert.Contains("weighted vote", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("0.500 ±0.", _out.ToString(), StringComparison.Ordinal);
        Assert.Empty(_error.ToString()); // no progress where nobody looks
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("train", "--help")]
    [InlineData("train", "tokenizer", "--help")]
    [InlineData("evaluate", "best-of-n", "--help")]
    public async Task Help_is_no_failure_and_describes_every_option(params string[] args)
    {
        Assert.Equal(0, await RunAsync(args));
        Assert.Contains("--help", _out.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(params string[] args) => RunAsync(args, new Source(_ => { }));

    private Task<int> RunAsync(string[] args, ICandidatePoolSource pools, CancellationToken cancellationToken = default)
    {
        var terminal = new CommandTerminal(Console(_out), Console(_error));
        var root = new RootCommand { TrainCommand.Create(terminal), EvaluateCommand.Create(terminal, (_, _) => pools) };
        return CommandRunner.RunAsync(root, args, terminal, cancellationToken);

        static IAnsiConsole Console(TextWriter writer) => AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(writer) });
    }

    private sealed class Source(Action<CancellationToken> drawing) : ICandidatePoolSource
    {
        public PoolSampling? Asked { get; private set; }

        public Task<IReadOnlyList<CandidatePool>> DrawAsync(PoolSampling sampling, IProgress<int>? progress, CancellationToken cancellationToken)
        {
            Asked = sampling;
            drawing(cancellationToken);
            var pool = new CandidatePool([new("right", new(1), true), new("wrong", new(0), false)], GreedyIsCorrect: false);
            return Task.FromResult<IReadOnlyList<CandidatePool>>([.. Enumerable.Repeat(pool, sampling.Problems)]);
        }
    }
}
