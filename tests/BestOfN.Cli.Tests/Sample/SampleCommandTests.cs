using System.CommandLine;
using System.Net;
using System.Text;
using System.Text.Json;
using BestOfN.Cli.Hosting;
using BestOfN.Cli.Sample;
using BestOfN.Cli.Train;
using BestOfN.Training.Tests.Policy;
using Spectre.Console;

namespace BestOfN.Cli.Tests.Sample;

public sealed class SampleCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-sample-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    private string Samples => In("samples.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Samples_become_pairs_and_pairs_train_a_reward_model()
    {
        string[] sample = ["sample", "--world", "pocket-text", "--problems", "12", "-n", "4", "--output", Samples, "--dtype", "float32"];
        await SucceedAsync(sample);
        Assert.Equal(12, File.ReadLines(Samples).Count());
        Assert.Equal(1, await RunAsync(sample));
        Assert.Contains("is there already; --force replaces it", _error.ToString(), StringComparison.Ordinal);

        await SucceedAsync("pairs", "--input", Samples, "--output", In("pairs.jsonl"), "--format", "trl");
        var pairs = File.ReadLines(In("pairs.jsonl")).Count();
        Assert.InRange(pairs, 1, 12);
        var table = string.Join(' ', _out.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"pairs {pairs}", table, StringComparison.Ordinal);

        var recipe = In("recipe.json");
        File.WriteAllText(recipe, JsonSerializer.Serialize(new
        {
            kind = "preference",
            @base = Path.Combine(AppContext.BaseDirectory, "Golden", "ixc25-reward", "text-batch"),
            output = In("model"),
            seed = 1,
            type = "float32",
            data = new[] { new { path = In("pairs.jsonl") } },
            held_out = new[] { new { path = In("pairs.jsonl") } },
            training = new { steps = 1, batch = 2, learning_rate = 1e-4 },
        }));
        await SucceedAsync("train", "reward", "--recipe", recipe, "--state", In("state"));
        Assert.True(File.Exists(In("model/config.json")));
    }

    [Fact]
    public async Task A_server_is_asked_once_for_each_answer_with_a_seed_of_its_own()
    {
        var asked = new List<JsonElement>();
        using var server = new HttpListener();
        var url = Listen(server);
        var serving = ServeAsync(server, asked);
        File.WriteAllText(In("prompts.jsonl"), """{"id":"p","messages":[{"role":"user","content":"Hi"}]}""");
        await SucceedAsync(
            "sample", "--prompts", In("prompts.jsonl"), "--output", Samples, "-n", "3",
            "--url", url, "--model", "any", "--temperature", "0.5");
        server.Stop();
        await serving;

        Assert.Equal(3, asked.Select(body => body.GetProperty("seed").GetInt64()).Distinct().Count());
        Assert.All(asked, body => Assert.Equal(
            ("any", 0.5), (body.GetProperty("model").GetString(), body.GetProperty("temperature").GetDouble())));
        var row = JsonElement.Parse(File.ReadAllText(Samples));
        Assert.Equal(3, row.GetProperty("answers").GetArrayLength());
        Assert.Equal("Hello", row.GetProperty("answers")[0].GetProperty("text").GetString());
        Assert.False(row.GetProperty("answers")[0].TryGetProperty("score", out _));
        Assert.Equal(1, await RunAsync("pairs", "--input", Samples, "--output", In("pairs.jsonl")));
        Assert.Contains("no answer has a score", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_are_scored_by_a_reward_model_on_another_server()
    {
        var asked = 0;
        using var server = new RewardStub(
            answer => RewardStub.Reward(Interlocked.Increment(ref asked) % 4 == 0 ? "NaN" : answer.Length));
        await SucceedAsync(
            "sample", "--world", "pocket-text", "--problems", "4", "-n", "4", "--output", Samples, "--dtype", "float32",
            "--concurrency", "1", "--reward-url", server.Url, "--reward-model", "rm");
        var answers = File.ReadLines(Samples).SelectMany(line => JsonElement.Parse(line).GetProperty("answers").EnumerateArray()).ToArray();
        Assert.Equal(12, answers.Count(answer => answer.TryGetProperty("score", out _)));
        Assert.All(
            answers.Where(answer => answer.TryGetProperty("score", out _)),
            answer => Assert.Equal(answer.GetProperty("text").GetString()!.Length, answer.GetProperty("score").GetDouble()));
        Assert.Contains("16 answers, 0 lost, 4 without a score", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal(answers.Length, server.Calls.Count);
        Assert.All(server.Calls, call => Assert.Equal(("/classify", "rm", 2), (call.Path, call.Model, call.Messages)));
    }

    [Fact]
    public async Task An_outage_of_the_reward_server_ends_the_run_and_leaves_no_answer_without_its_score()
    {
        var asked = 0;
        using var server = new RewardStub(answer => Interlocked.Increment(ref asked) <= 10 ? RewardStub.Reward(answer.Length)
            : (401, new { error = "gone" }));
        string[] args = ["sample", "--world", "pocket-text", "--problems", "4", "-n", "4", "--output", Samples, "--dtype", "float32",
            "--concurrency", "1", "--reward-url", server.Url];
        Assert.Equal(1, await RunAsync(args));
        Assert.Contains("refused the credentials", _error.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(Samples));
        asked = -1000;
        await SucceedAsync(args);
        Assert.Contains(
            "4 prompts, 2 of them from an earlier run; 8 answers, 0 lost, 0 without a score", _error.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reward_model_that_reads_text_alone_is_shown_no_images()
    {
        using var server = new RewardStub(_ => throw new InvalidOperationException("It was asked."));
        await SucceedAsync(
            "sample", "--world", "pocket-image", "--problems", "1", "-n", "2", "--output", Samples, "--dtype", "float32",
            "--reward-url", server.Url, "--reward-protocol", "openrlhf");
        Assert.Empty(server.Calls);
        var error = JsonElement.Parse(File.ReadAllText(Samples)).GetProperty("error").GetString()!;
        Assert.Contains("is shown text alone", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Expected either --reward or --reward-url.", "--reward-url", "http://localhost:1", "--reward", "/")]
    [InlineData("--reward-protocol needs --reward-url beside it.", "--reward-protocol", "tei")]
    [InlineData("--reward-url: expected an address that begins with http:// or https://", "--reward-url", "file:///etc")]
    [InlineData("without user, password, query and fragment", "--reward-url", "http://user:secret@localhost:1")]
    [InlineData("without user, password, query and fragment", "--reward-url", "http://localhost:1/?key=secret")]
    [InlineData(
        "--reward-template means nothing for a rerank route", "--reward-url", "http://localhost:1", "--reward-protocol", "rerank",
        "--reward-template", "chatml")]
    [InlineData(
        "environment variable 'NO_SUCH_VARIABLE_HERE' is not set", "--reward-url", "http://localhost:1", "--reward-key-env",
        "NO_SUCH_VARIABLE_HERE")]
    public async Task Options_of_a_reward_server_that_make_no_sense_are_told(string message, params string[] args)
    {
        Assert.Equal(2, await RunAsync(["sample", "--world", "pocket-text", "--output", Samples, .. args]));
        Assert.Contains(message, _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Expected either --prompts or --world.", "--output", "x")]
    [InlineData("--url and --model belong together.", "--world", "pocket-text", "--output", "x", "--url", "http://localhost:1/v1")]
    [InlineData("--samples must be at least 1.", "--world", "pocket-text", "--output", "x", "-n", "0")]
    [InlineData("--top-p must be above 0", "--world", "pocket-text", "--output", "x", "--top-p", "0")]
    public async Task Options_that_make_no_sense_are_told(string message, params string[] args)
    {
        Assert.Equal(2, await RunAsync(["sample", .. args]));
        Assert.Contains(message, _error.ToString(), StringComparison.Ordinal);
    }

    private static string Listen(HttpListener server)
    {
        // A listener that fails to start is of no use any more, so the port is known to be free.
        var url = RewardStub.FreeUrl();
        server.Prefixes.Add(url + "/");
        server.Start();
        return url + "/v1";
    }

    private static async Task ServeAsync(HttpListener server, List<JsonElement> asked)
    {
        while (server.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await server.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using var body = await JsonDocument.ParseAsync(context.Request.InputStream);
            asked.Add(body.RootElement.Clone());
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(
                """{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hello"}}],"""
                + """ "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"""));
            context.Response.Close();
        }
    }

    private string In(string name) => Path.Combine(_folder, name);

    private async Task SucceedAsync(params string[] args) => Assert.True(await RunAsync(args) == 0, _error.ToString());

    private Task<int> RunAsync(params string[] args)
    {
        var terminal = new CommandTerminal(CommandTerminal.Console(_out, AnsiSupport.No), CommandTerminal.Console(_error, AnsiSupport.No));
        var root = new RootCommand { SampleCommand.Create(terminal), PairsCommand.Create(terminal), TrainCommand.Create(terminal) };
        return CommandRunner.RunAsync(root, args, terminal, TestContext.Current.CancellationToken);
    }
}
