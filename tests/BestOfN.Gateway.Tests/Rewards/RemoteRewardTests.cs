using System.Text.Json;
using BestOfN.Core.Failures;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Upstream;
using BestOfN.Protocols.Rewards;
using BestOfN.Protocols.Upstreams;
using BestOfN.Testing;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>Reward models on other servers: each protocol against our own server, and against answers as real servers give them.</summary>
public sealed class RemoteRewardTests
{
    private static readonly Prompt _prompt = new([new ChatMessage("user", "2 + 2?")]);
    private static readonly UpstreamOptions _upstream = new() { Retries = 1, RetryDelay = TimeSpan.Zero };

    [Theory]
    [InlineData("vllm", null, 3)]
    [InlineData("vllm", "chatml", 1)]
    [InlineData("sglang", "llama3", 1)]
    [InlineData("openrlhf", "chatml", 1)]
    [InlineData("tei", "gemma", 1)]
    [InlineData("kserve", "chatml-unused", 1)]
    [InlineData("rerank", null, 1)]
    public async Task Scores_come_back_in_order_from_our_own_server(string protocol, string? template, int calls)
    {
        var judge = new LengthJudge();
        await using var gateway = new RewardGateway(
            judge, ("BestOfN:RewardServer:Enabled", "true"), ("BestOfN:RewardModels:judge:Path", "."));
        var destinations = new GatewayDestinations(gateway.Client);
        using var client = new UpstreamClient(destinations, _upstream, TimeProvider.System);
        var remote = Remote(client, protocol, template);
        await using var session = remote.Begin(_prompt);
        var scores = await session.ScoreAsync([new(0, "four"), new(1, "4"), new(2, "twenty")], TestContext.Current.CancellationToken);
        double[] expected = [1, -2, 3];
        Assert.Equal(
            protocol == "rerank" ? [.. expected.Select(x => 1 / (1 + Math.Exp(-x)))] : expected,
            scores.Select(score => Math.Round(score!.Value.Value, 5)),
            (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(calls, destinations.Calls);
        Assert.All(judge.Inputs, input => Assert.Equal("2 + 2?", Assert.IsType<ConversationInput>(input).Prompt.Messages.Single().Text));
    }

    [Theory]
    [InlineData("vllm", "vllm/classify-string-no-activation.json", 2.25)]
    [InlineData("sglang", "sglang/classify-text-list.json", 2.25, -3.5)]
    [InlineData("openrlhf", "openrlhf/batch-null-labels.json", 2.25, -3.5, 0.125)]
    [InlineData("tei", "tei/predict-batch-of-answers", 2.25, -3.5)]
    [InlineData("kserve", "kserve/infer-sentences-json.json", 2.25, -3.5)]
    [InlineData("rerank", "rerank/jina.json", 0.02931223075135632, 0.9046505351008906, 0.2689414213699951)]
    public void Answers_of_real_servers_are_read(string protocol, string fixture, params double[] expected)
    {
        var answer = fixture.EndsWith(".json", StringComparison.Ordinal)
            ? GoldenFiles.Read(RewardFixture.Folder, fixture).GetProperty("expected").GetProperty("body")
            : JsonDocument.Parse("""[[{"score":2.25,"label":"LABEL_0"}],[{"score":-3.5,"label":"LABEL_0"}]]""").RootElement;
        var read = RemoteRewardModelSource.ProtocolOf(new RewardModelOptions { Protocol = protocol }).Read(answer, expected.Length);
        Assert.Equal(expected, read);
    }

    [Theory]
    [InlineData("""{"rewards":[NaN,1]}""")]
    [InlineData("""{"rewards":[1e999,1e999]}""")]
    [InlineData("""{"rewards":[1]}""")]
    [InlineData("""{"rewards":["1",2]}""")]
    [InlineData("""{"scores":[1,2]}""")]
    [InlineData("""[]""")]
    [InlineData("""not json""")]
    public async Task Answers_without_usable_rewards_are_failures_of_the_server(string answer)
    {
        var failure = await Assert.ThrowsAsync<ScoringFailedException>(() => ScoreAsync("openrlhf", [(200, answer)], "a", "b"));
        Assert.Equal(FailureKind.Upstream, failure.Failure.Kind);
        Assert.False(failure.IsPromptUnreadable);
    }

    [Fact]
    public async Task An_answer_whose_call_failed_has_no_score_and_the_others_keep_theirs()
    {
        var scores = await ScoreAsync(
            "vllm", [(400, """{"error":{"message":"too long","code":400}}"""), (200, """{"data":[{"probs":[1.5]}]}""")], "a", "b");
        Assert.Single(scores, score => double.IsNaN(score!.Value.Value));
        Assert.Single(scores, score => score!.Value.Value == 1.5);
    }

    [Fact]
    public async Task A_server_that_is_busy_for_a_moment_is_asked_again() =>
        Assert.Equal(2, (await ScoreAsync("openrlhf", [(503, "{}"), (200, """{"rewards":[2]}""")], "a"))[0]!.Value.Value);

    [Theory]
    [InlineData(400, true)]
    [InlineData(404, false)]
    [InlineData(500, false)]
    public async Task Only_a_status_that_blames_the_prompt_makes_it_unreadable(int status, bool isUnreadable) =>
        Assert.Equal(isUnreadable, (await Assert.ThrowsAsync<ScoringFailedException>(
            () => ScoreAsync("openrlhf", [(status, """{"error":"no"}""")], "a"))).IsPromptUnreadable);

    [Fact]
    public async Task A_rerank_route_takes_one_question() =>
        Assert.Contains("one question", (await Assert.ThrowsAsync<ScoringFailedException>(async () =>
    {
        using var http = new HttpClient(new AnsweringServer((200, "{}"))) { BaseAddress = new Uri("http://judge") };
        using var client = new UpstreamClient(new GatewayDestinations(http), _upstream, TimeProvider.System);
        await using var session = Remote(client, "rerank", null)
            .Begin(new Prompt([new("user", "a"), new("assistant", "b"), new("user", "c")]));
        await session.ScoreAsync([new(0, "d")], TestContext.Current.CancellationToken);
    })).Message, StringComparison.Ordinal);

    private static async Task<IReadOnlyList<CandidateScore?>> ScoreAsync(string protocol, (int, string)[] answers, params string[] texts)
    {
        using var http = new HttpClient(new AnsweringServer(answers)) { BaseAddress = new Uri("http://judge") };
        using var client = new UpstreamClient(new GatewayDestinations(http), _upstream, TimeProvider.System);
        await using var session = Remote(client, protocol, null).Begin(_prompt);
        return await session.ScoreAsync([.. texts.Select((text, i) => new Answer(i, text))], TestContext.Current.CancellationToken);
    }

    private static RemoteRewardModel Remote(UpstreamClient client, string protocol, string? template) => new(
        "remote", client, RemoteRewardModelSource.ProtocolOf(new RewardModelOptions { Protocol = protocol, Template = template }), null,
        TimeProvider.System);
}
