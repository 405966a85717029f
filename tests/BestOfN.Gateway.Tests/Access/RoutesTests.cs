using System.Net;
using System.Text.Json.Nodes;
using BestOfN.Testing.Fakes;

namespace BestOfN.Gateway.Tests.Access;

public sealed class RoutesTests
{
    [Fact]
    public async Task Models_are_listed_by_their_base_names()
    {
        await using var gateway = new TestGateway();
        var list = await gateway.Client.GetAsync("/v1/models", TestGateway.Cancellation).JsonAsync();
        Assert.Equal(["other", "pocket"], list["data"]!.AsArray().Select(model => (string?)model!["id"]));
        var one = await gateway.Client.GetAsync("/v1/models/pocket", TestGateway.Cancellation).JsonAsync();
        Assert.Equal("pocket", (string?)one["id"]);
    }

    [Fact]
    public async Task The_gateway_is_ready_when_every_model_is_open()
    {
        await using var gateway = new TestGateway();
        await gateway.ChatAsync().JsonAsync();
        await gateway.ChatAsync(model: "other").JsonAsync();
        var ready = await gateway.RawClient.GetAsync("/readyz", TestGateway.Cancellation).JsonAsync();
        Assert.Equal("ready", (string?)ready["status"]);
        Assert.Equal("ready", (string?)ready["models"]!["model:pocket"]);
        Assert.Equal("ready", (string?)ready["models"]!["reward_model:pocket-reward"]);
    }

    [Fact]
    public async Task Selections_are_counted()
    {
        await using var gateway = new TestGateway();
        await gateway.ChatAsync().JsonAsync();
        var metrics = await gateway.RawClient.GetStringAsync("/metrics", TestGateway.Cancellation);
        Assert.Contains("bestofn_selection_duration_seconds", metrics, StringComparison.Ordinal);
        Assert.Contains("gen_ai_client_token_usage", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_older_route_turns_its_prompt_into_a_users_message()
    {
        var generator = FakeGenerator.Answering("a", "bb", "ccc");
        await using var gateway = new TestGateway(generator);
        var body = await gateway.PostAsync("/v1/completions", """{"model":"pocket","prompt":"2 + 2?","best_of":3,"n":2,"max_tokens":5}""")
            .JsonAsync();

        Assert.Equal(["ccc", "bb"], body["choices"]!.AsArray().Select(choice => (string?)choice!["text"]));
        var order = Assert.Single(generator.Requests);
        Assert.Equal((3, 5), (order.Candidates, order.Sampling.MaxTokens!.Value));
        Assert.Equal(("user", "2 + 2?"), (order.Prompt.Messages.Single().Role, order.Prompt.Messages.Single().Text));
    }

    [Fact]
    public async Task The_older_route_streams_too()
    {
        await using var gateway = new TestGateway();
        var chunks = await gateway.PostAsync("/v1/completions", """{"model":"pocket","prompt":"2 + 2?","stream":true,"best_of":4}""")
            .ChunksAsync();
        Assert.Equal("dddd", chunks.Text());
        Assert.Equal("stop", (string?)chunks[^1]["choices"]![0]!["finish_reason"]);
    }

    [Theory]
    [InlineData("""{"model":"pocket"}""", "prompt")]
    [InlineData("""{"model":"pocket","prompt":["a","b"]}""", "prompt")]
    [InlineData("""{"model":"pocket","prompt":"a","echo":true}""", "echo")]
    [InlineData("""{"model":"pocket","prompt":"a","logprobs":2}""", "logprobs")]
    [InlineData("""{"prompt":"a"}""", "model")]
    public async Task Mistakes_on_the_older_route_are_named(string body, string param)
    {
        await using var gateway = new TestGateway();
        Assert.Equal(param, (string?)(await gateway.PostAsync("/v1/completions", body).ErrorAsync(HttpStatusCode.BadRequest))["param"]);
    }

    [Fact]
    public async Task A_model_that_cannot_be_opened_is_a_503_and_not_ready()
    {
        await using var gateway = new TestGateway(
            generator: null, rewardModel: null,
            settings: [("BestOfN:Models:broken:Generator", "broken"), ("BestOfN:Models:broken:RewardModel", "pocket-reward")]);
        await gateway.ChatAsync(model: "broken").ErrorAsync(HttpStatusCode.ServiceUnavailable);
        using var after = await gateway.RawClient.GetAsync("/readyz", TestGateway.Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, after.StatusCode);
        Assert.Equal(
            "failed", (string?)JsonNode.Parse(await after.Content.ReadAsStringAsync(TestGateway.Cancellation))!["models"]!["model:broken"]);
    }
}
