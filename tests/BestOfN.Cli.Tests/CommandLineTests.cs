using System.CommandLine;
using BestOfN.Cli.Evaluate;
using BestOfN.Cli.Hosting;
using BestOfN.Cli.Train;
using BestOfN.Data.Evaluation;
using BestOfN.Training.Recipes;
using Spectre.Console;

namespace BestOfN.Cli.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();
    private readonly Clock _clock = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("train", "tokenizer")]
    [InlineData("train", "generator", "--recipy", "x")]
    [InlineData("evaluate", "best-of-n", "--generator", "/", "--reward", "/nowhere/at/all")]
    [InlineData("evaluate", "best-of-n", "--generator", "/", "--reward", "/", "--world", "mars")]
    [InlineData("evaluate", "best-of-n", "--generator", "/", "--reward", "/", "--samples", "0")]
    [InlineData("bake")]
    public async Task A_wrong_command_line_exits_with_2_and_prints_one_line(params string[] args)
    {
        Assert.Equal(2, await RunAsync(args));
        Assert.Single(_error.ToString().TrimEnd().Split('\n'));
        Assert.Empty(_out.ToString());
    }

    [Fact]
    public async Task A_wrong_command_line_is_pointed_to_the_help_of_its_command()
    {
        await RunAsync("train", "generator", "--recipy", "x");

        Assert.EndsWith("See 'bestofn train generator --help'.", _error.ToString().TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recipe_for_preference_pairs_is_followed_as_one()
    {
        var recipe = Path.Combine(_folder, "recipe.json");
        await File.WriteAllTextAsync(
            recipe,
            """
            {
              // with comments
              "base": "nowhere", "output": "nowhere/at/all", "seed": 1,
              "data": [ { "path": "no-such-pairs.jsonl" } ], "held_out": [ { "path": "no-such-pairs.jsonl" } ],
              "kind": "preference"
            }
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal(1, await RunAsync("train", "reward", "--recipe", recipe, "--state", Path.Combine(_folder, "state")));
        Assert.Contains("no-such-pairs.jsonl", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"seed\": 1 }", "kind: is missing; expected pocket-reward or preference.")]
    [InlineData("{ \"kind\": \"generator\" }", "kind: expected pocket-reward or preference, found \"generator\".")]
    [InlineData("{ \"kind\": \"published\" }", "kind: expected pocket-reward or preference, found \"published\".")]
    [InlineData("[]", "expected a JSON object, found a list.")]
    public async Task A_recipe_of_another_kind_is_refused(string content, string says)
    {
        var recipe = Path.Combine(_folder, "recipe.json");
        await File.WriteAllTextAsync(recipe, content, TestContext.Current.CancellationToken);

        Assert.Equal(1, await RunAsync("train", "reward", "--recipe", recipe));
        Assert.Contains($"{recipe}: {says}", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_exits_with_1_and_prints_one_line()
    {
        var recipe = Path.Combine(_folder, "recipe.json");
        await File.WriteAllTextAsync(recipe, "{", TestContext.Current.CancellationToken);

        Assert.Equal(1, await RunAsync("train", "generator", "--recipe", recipe));
        Assert.Single(_error.ToString().TrimEnd().Split('\n'));
        Assert.StartsWith("bestofn: ", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_command_exits_with_130_and_leaves_no_file_behind()
    {
        using var interrupted = new CancellationTokenSource();
        var json = Path.Combine(_folder, "curve.json");
        var pools = new Source(cancellationToken =>
        {
            interrupted.Cancel();
            cancellationToken.ThrowIfCancellationRequested();
        });

        Assert.Equal(
            130, await RunAsync(
                ["evaluate", "best-of-n", "--generator", _folder, "--reward", _folder, "--json", json], pools, interrupted.Token));
        Assert.False(File.Exists(json));
    }

    [Fact]
    public async Task A_curve_is_printed_written_and_drawn()
    {
        var (json, plot) = (Path.Combine(_folder, "curve.json"), Path.Combine(_folder, "curve.svg"));
        var pools = new Source(_ => { });

        var exit = await RunAsync(
            ["evaluate", "best-of-n", "--generator", _folder, "--reward", _folder, "--json",
                json, "--plot", plot, "--problems", "7", "--samples", "2", "--seed", "5"],
            pools,
            TestContext.Current.CancellationToken);

        Assert.Equal(0, exit);
        Assert.Equal((7, 2, 5ul), (pools.Asked!.Problems, pools.Asked.Samples, pools.Asked.Seed));
        Assert.Equal([1, 2], BestOfNCurve.Read(json).K);
        Assert.True(File.Exists(plot));
        Assert.Contains("weighted vote", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("0.500 ±0.", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("pocket-text: 7 held-out problems, 2 answers each at temperature 1, seed 5; generator ",
            _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("7 problems in ", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_is_told_now_and_then_how_far_the_work_is_and_how_long_it_will_take()
    {
        var pools = new Source(_ => { })
        {
            Reporting = progress =>
            {
                progress.Report(0);
                _clock.Now += TimeSpan.FromSeconds(10);
                progress.Report(20);
                _clock.Now += TimeSpan.FromSeconds(10);
                progress.Report(40);
                _clock.Now += TimeSpan.FromSeconds(10);
                progress.Report(50);
            },
        };
        Assert.Equal(
            0, await RunAsync(["evaluate", "best-of-n", "--generator", _folder, "--reward", _folder, "--problems", "100", "--samples", "2"],
                pools, TestContext.Current.CancellationToken));
        Assert.Contains("held-out problems 20/100, 2/s, about 40 s left", _error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("40/100", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("held-out problems 50/100, 1.7/s, about 30 s left", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--json")]
    [InlineData("--plot")]
    public async Task A_file_that_is_there_is_replaced_only_by_force(string option)
    {
        var path = Path.Combine(_folder, "there");
        await File.WriteAllTextAsync(path, "mine", TestContext.Current.CancellationToken);
        var pools = new Source(_ => { });
        string[] command =
            ["evaluate", "best-of-n", "--generator", _folder, "--reward", _folder, "--problems", "7", "--samples", "2", option, path];

        Assert.Equal(1, await RunAsync(command, pools, TestContext.Current.CancellationToken));
        Assert.Null(pools.Asked);
        Assert.Equal("mine", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
        Assert.Contains($"{option}: {path} is there already; --force replaces it.", _error.ToString(), StringComparison.Ordinal);

        Assert.Equal(0, await RunAsync([.. command, "--force"], pools, TestContext.Current.CancellationToken));
        Assert.NotEqual("mine", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("--json", "/proc/curve.json", "--json: /proc/curve.json cannot be written: ")]
    [InlineData("--plot", "/", "--plot: / is a folder")]
    public async Task A_file_that_cannot_be_written_is_told_before_any_work(string option, string path, string says)
    {
        var pools = new Source(_ => { });
        Assert.Equal(
            1, await RunAsync(["evaluate", "best-of-n", "--generator", _folder, "--reward", _folder, option, path],
                pools, TestContext.Current.CancellationToken));
        Assert.Null(pools.Asked);
        Assert.Contains(says, Assert.Single(_error.ToString().TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.DoesNotContain(".partial", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_arguments_the_help_is_printed()
    {
        Assert.Equal(2, await RunAsync());
        Assert.Contains("evaluate", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("--help", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("There is no command 'foo'; there are train, evaluate. See 'bestofn --help'.", "foo")]
    [InlineData("There is no command 'trian'; did you mean 'train'? See 'bestofn --help'.", "trian", "generator")]
    [InlineData("There is no command 'rewart'; did you mean 'reward'? See 'bestofn train --help'.", "train", "rewart")]
    [InlineData("'bestofn train' needs a command: generator, reward, policy. See 'bestofn train --help'.", "train")]
    public async Task An_unknown_command_is_an_error_that_names_the_nearest_one(string says, params string[] args)
    {
        Assert.Equal(2, await RunAsync(args));
        Assert.Equal("bestofn: " + says, _error.ToString().TrimEnd());
    }

    [Fact]
    public async Task Several_wrong_options_are_told_together()
    {
        Assert.Equal(
            2, await RunAsync("evaluate", "best-of-n", "--generator", "/no/generator", "--reward", "/no/reward", "--samples", "0"));
        Assert.Contains("/no/generator", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("/no/reward", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("--samples must be at least 1", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("generator")]
    [InlineData("reward")]
    public void Shipped_recipes_come_with_the_program_and_write_over_no_shipped_model(string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "config", "training", $"pocket-{name}.json");
        Assert.Equal($"artifacts/models/pocket-{name}", RecipeFile.Load(path).Output);
    }

    [Fact]
    public async Task All_mistakes_of_a_recipe_are_told_together()
    {
        var recipe = Path.Combine(_folder, "recipe.json");
        await File.WriteAllTextAsync(
            recipe,
            """
            {
              "kind": "generator", "world": ["pocket-text"], "seed": -1, "model": { "hidden_sise": 32 },
              "training": { "steps": "1", "warmup_steps": 1 }
            }
            """,
            TestContext.Current.CancellationToken);
        Assert.Equal(1, await RunAsync("train", "generator", "--recipe", recipe, "--state", Path.Combine(_folder, "state")));
        Assert.Contains($"{recipe}: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("world: not a field that is read; did you mean worlds?", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "model.hidden_sise: not a field that is read; did you mean hidden_size?", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("model.hidden_size: is missing", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("output: is missing", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("seed: expected a whole number in range, found -1", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("training.steps: expected a whole number in range, found \"1\"", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "training.warmup_steps: not a field that is read; did you mean warmup?", _error.ToString(), StringComparison.Ordinal);

        await File.WriteAllTextAsync(
            recipe,
            """
            { "kind": "generator", "worlds": ["pocket-text", "mars", "pocket-image"], "seed": 1, "output": "/nowhere/x",
              "vocabulary_size": 5,
              "model": { "hidden_size": 30, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4,
                         "num_key_value_heads": 2 },
              "training": { "steps": 0, "batch": 1, "learning_rate": -1 } }
            """,
            TestContext.Current.CancellationToken);
        _error.GetStringBuilder().Clear();
        Assert.Equal(1, await RunAsync("train", "generator", "--recipe", recipe, "--state", Path.Combine(_folder, "state")));
        Assert.Contains($"{recipe}: 6 mistakes: ", _error.ToString(), StringComparison.Ordinal);
        Assert.All(
            [
                "There is no world 'mars'", "expected vision", "model.hidden_size: expected a multiple", "training.steps",
                "training.learning_rate", "vocabulary_size: expected at least",
            ],
            says => Assert.Contains(says, _error.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_training_that_is_interrupted_says_where_it_goes_on_and_then_does()
    {
        var (recipe, state, output) = (Path.Combine(_folder, "recipe.json"),
            Path.Combine(_folder, "state"), Path.Combine(_folder, "model"));
        await File.WriteAllTextAsync(
            recipe,
            $$"""
            { "kind": "generator", "worlds": ["pocket-text"], "seed": 1, "output": "{{output}}",
              "vocabulary_size": 400, "held_out_problems": 2,
              "model": { "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
                         "num_key_value_heads": 2 },
              "training": { "steps": 3, "batch": 1, "learning_rate": 1e-3 } }
            """,
            TestContext.Current.CancellationToken);
        string[] train = ["train", "generator", "--recipe", recipe, "--state", state];
        using var interrupted = new CancellationTokenSource();
        _clock.Read = _ => interrupted.Cancel();
        Assert.Equal(130, await RunAsync(train, new Source(_ => { }), interrupted.Token));
        Assert.Contains("bestofn: interrupted; generator: saved at step 1 of 3; the same command goes on from there",
            _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(output));
        _clock.Read = null;
        Assert.Equal(0, await RunAsync(train));
        Assert.True(File.Exists(Path.Combine(output, "model.safetensors")));
        Assert.Contains($"model {output}, plot ", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("an earlier run had done the first 1 step", _out.ToString(), StringComparison.Ordinal);
        // a row of the table is one line
        Assert.DoesNotContain(_out.ToString().Split('\n'), line => line.TrimStart().StartsWith("exact", StringComparison.Ordinal));
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
        var terminal = new CommandTerminal(
            CommandTerminal.Console(_out, AnsiSupport.No), CommandTerminal.Console(_error, AnsiSupport.No), _clock);
        var root = new RootCommand { TrainCommand.Create(terminal), EvaluateCommand.Create(terminal, (_, _) => pools) };
        return CommandRunner.RunAsync(root, args, terminal, cancellationToken);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        /// <summary>Called when somebody looks at the clock for the third time or later: by then a training runs.</summary>
        public Action<int>? Read { get; set; }

        private int _reads;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp()
        {
            if (++_reads > 2)
            {
                Read?.Invoke(_reads);
            }

            return Now.Ticks;
        }
    }

    private sealed class Source(Action<CancellationToken> drawing) : ICandidatePoolSource
    {
        public Action<IProgress<int>>? Reporting { get; init; }

        public PoolSampling? Asked { get; private set; }

        public Task<IReadOnlyList<CandidatePool>> DrawAsync(
            PoolSampling sampling, IProgress<int>? progress, CancellationToken cancellationToken)
        {
            Asked = sampling;
            drawing(cancellationToken);
            Reporting?.Invoke(progress!);
            var pool = new CandidatePool([new("right", new(1), true), new("wrong", new(0), false)], GreedyIsCorrect: false);
            return Task.FromResult<IReadOnlyList<CandidatePool>>([.. Enumerable.Repeat(pool, sampling.Problems)]);
        }
    }
}
