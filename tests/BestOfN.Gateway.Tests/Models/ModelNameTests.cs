using System.Net;

namespace BestOfN.Gateway.Tests.Models;

public sealed class ModelNameTests
{
    private static readonly (string, string)[] _models =
    [
        ("BestOfN:Models:Qwen/Qwen3-8B:Generator", "fake"), ("BestOfN:Models:Qwen/Qwen3-8B:RewardModel", "pocket-reward"),
        ("BestOfN:Models:llama:Name", "library/llama3:8b"), ("BestOfN:Models:llama:Generator", "fake"),
        ("BestOfN:Models:llama:RewardModel", "pocket-reward"),
    ];

    [Theory]
    [InlineData("/v1/models/Qwen/Qwen3-8B", "Qwen/Qwen3-8B")]
    [InlineData("/v1/models/Qwen%2FQwen3-8B", "Qwen/Qwen3-8B")]
    [InlineData("/v1/models/Qwen%2fQwen3-8B@4", "Qwen/Qwen3-8B@4")]
    [InlineData("/v1/models/library/llama3:8b", "library/llama3:8b")]
    [InlineData("/v1/models/library%2Fllama3%3A8b", "library/llama3:8b")]
    [InlineData("/v1/models/pocket@8", "pocket@8")]
    public async Task A_model_is_told_of_by_the_name_that_was_asked_for(string path, string id)
    {
        await using var gateway = new TestGateway(settings: _models);
        Assert.Equal(id, (string?)(await gateway.Client.GetAsync(path, TestGateway.Cancellation).JsonAsync())["id"]);
    }

    [Fact]
    public async Task A_name_with_a_colon_can_be_configured_and_asked()
    {
        await using var gateway = new TestGateway(settings: _models);
        var list = await gateway.Client.GetAsync("/v1/models", TestGateway.Cancellation).JsonAsync();
        Assert.Equal(
            ["Qwen/Qwen3-8B", "library/llama3:8b", "other", "pocket"], list["data"]!.AsArray().Select(model => (string?)model!["id"]));
        Assert.Equal("library/llama3:8b", (string?)(await gateway.ChatAsync(model: "library/llama3:8b").JsonAsync())["model"]);
        await gateway.ChatAsync(model: "llama").ErrorAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_very_long_name_is_not_repeated_at_length()
    {
        await using var gateway = new TestGateway();
        var name = new string('x', 300_000);
        foreach (var (path, body) in new[]
            {
                ("/v1/chat/completions", TestGateway.Chat(model: name)), ("/v1/chat/completions", TestGateway.Chat($$"""
                    "best_of_n":{"{{name}}":1}
                    """)), ("/v1/chat/completions", TestGateway.Chat($$"""
                    "best_of_n":{"strategy":"{{name}}"}
                    """)), ("/v1/completions", $$"""{"model":"{{name}}","prompt":"a"}"""),
            })
        {
            using var response = await gateway.PostAsync(path, body);
            Assert.InRange((int)response.StatusCode, 400, 404);
            Assert.InRange((await response.Content.ReadAsByteArrayAsync(TestGateway.Cancellation)).Length, 50, 2500);
        }
    }
}
