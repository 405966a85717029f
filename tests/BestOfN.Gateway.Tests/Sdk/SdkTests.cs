using System.ClientModel;
using System.Text.Json.Nodes;
using BestOfN.Core.Prompts;
using BestOfN.Gateway.Configuration;
using BestOfN.Testing.Fakes;
using BestOfN.Testing.Upstream;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using OpenAI.Chat;

namespace BestOfN.Gateway.Tests.Sdk;

/// <summary>The official client over real sockets: it must not notice that this is not OpenAI.</summary>
public sealed class SdkTests
{
    private const string Question = "Which two of 24 1 28 13 26 21 add up to 47?";
    private static readonly byte[] _png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    [Fact]
    public async Task The_pocket_models_answer_whole_and_streamed_alike()
    {
        await using var gateway = new SocketGateway();
        var client = Client(gateway, "pocket@4");

        ChatCompletion whole = await client.CompleteChatAsync([new UserChatMessage(Question)], Seeded(), TestGateway.Cancellation);
        Assert.NotEmpty(whole.Content[0].Text);
        Assert.Equal((ChatFinishReason.Stop, "pocket"), (whole.FinishReason, whole.Model));
        Assert.True(whole.Usage.OutputTokenCount > 4);

        var streamed = "";
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage(Question)], Seeded(), TestGateway.Cancellation))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
        }

        Assert.Equal(whole.Content[0].Text, streamed);

        var result = await Client(gateway, "pocket@16")
            .CompleteChatAsync([new UserChatMessage(Question)], Seeded(), TestGateway.Cancellation);
        Assert.True(result.GetRawResponse().Headers.TryGetValue("X-Best-Of-N", out var header));
        Assert.StartsWith("requested=16; scored=16;", header, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_raw_body_may_say_best_of_n()
    {
        await using var gateway = WithFakes();
        using var body = BinaryContent.Create(BinaryData.FromString(TestGateway.Chat("""
            "best_of_n":{"n":3,"return":"scores"}
            """)));
        var result = await Client(gateway, "pocket").CompleteChatAsync(body);
        var report = JsonNode.Parse(result.GetRawResponse().Content)!["best_of_n"]!;
        Assert.Equal((3, 2), ((int)report["scored"]!, (int)report["selected"]!));
    }

    [Fact]
    public async Task Errors_are_understood()
    {
        await using var gateway = WithFakes();
        var unknown = await Assert.ThrowsAsync<ClientResultException>(
            () => Client(gateway, "gpt-9").CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: TestGateway.Cancellation));
        Assert.Equal(404, unknown.Status);
        Assert.Contains("model_not_found", unknown.Message, StringComparison.Ordinal);

        var hot = await Assert.ThrowsAsync<ClientResultException>(() => Client(gateway, "pocket").CompleteChatAsync(
            [new UserChatMessage("Hi")], new ChatCompletionOptions { Temperature = 3 }, TestGateway.Cancellation));
        Assert.Equal(400, hot.Status);
        Assert.Contains("temperature", hot.Message, StringComparison.Ordinal);

        var picture = await Assert.ThrowsAsync<ClientResultException>(
            () => Client(gateway, "pocket").CompleteChatAsync([Picture()], cancellationToken: TestGateway.Cancellation));
        Assert.Equal(400, picture.Status);
        Assert.Contains("messages[0].content[1].image_url", picture.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_asked_for_where_keys_are_configured()
    {
        await using var gateway = WithFakes(("BESTOFN_API_KEYS", "secret"));
        var refused = await Assert.ThrowsAsync<ClientResultException>(
            () => Client(gateway, "pocket").CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: TestGateway.Cancellation));
        Assert.Equal(401, refused.Status);
        Assert.Contains("invalid_api_key", refused.Message, StringComparison.Ordinal);
        ChatCompletion answer = await Client(gateway, "pocket", "secret")
            .CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: TestGateway.Cancellation);
        Assert.Equal("dddd", answer.Content[0].Text);
    }

    [Fact]
    public async Task An_upstream_gets_the_picture_as_it_was_sent_and_the_judge_sees_it()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("no", "yes it is");
        var judge = new FakeRewardModel(answer => answer.Text.Length) { AcceptsPictures = true };
        await using var gateway = new SocketGateway(
            services => services.AddSingleton<IRewardModelSource>(new FakeRewardModelSource(judge)), SocketGateway.Before(upstream));
        ChatCompletion answer = await Client(gateway, "remote@2")
            .CompleteChatAsync([Picture()], cancellationToken: TestGateway.Cancellation);

        Assert.Equal("yes it is", answer.Content[0].Text);
        var sent = Assert.Single(upstream.Requests).Json;
        Assert.Equal("org/remote", sent.GetProperty("model").GetString());
        Assert.Equal(
            $"data:image/png;base64,{Convert.ToBase64String(_png)}",
            sent.GetProperty("messages")[0].GetProperty("content")[1].GetProperty("image_url").GetProperty("url").GetString());
        Assert.Equal(_png, Assert.Single(judge.Prompts).Messages[0].Parts.OfType<ImagePart>().Single().Content.ToArray());
    }

    [Fact]
    public async Task Whatever_the_messages_look_like_an_upstream_gets_them_byte_for_byte()
    {
        const string Messages = """[ {"content":[{"image_url":{"detail":"low", "url":"data:image\/png;base64,AAE\/"}"""
            + ""","type":"image_url","x":1.0},{"type":"text","text":"\u00e9?"}],"role":"user"}]""";
        await using var upstream = await OpenAIUpstream.StartAsync("no", "yes");
        var judge = new FakeRewardModel(answer => answer.Text.Length) { AcceptsPictures = true };
        await using var gateway = new SocketGateway(
            services => services.AddSingleton<IRewardModelSource>(new FakeRewardModelSource(judge)), SocketGateway.Before(upstream));
        using var body = BinaryContent.Create(BinaryData.FromString($$"""{"model":"remote@2","messages":{{Messages}}}"""));
        await Client(gateway, "remote").CompleteChatAsync(body);

        Assert.Contains($"\"messages\":{Messages}", Assert.Single(upstream.Requests).Body, StringComparison.Ordinal);
        Assert.Equal([0, 1, 63], Assert.Single(judge.Prompts).Messages[0].Parts.OfType<ImagePart>().Single().Content.ToArray());
    }

    [Fact]
    public async Task The_order_in_which_a_judge_gets_the_candidates_changes_no_score()
    {
        string[] answers = ["26+21=47", "17 + 10 = 89", "I do not know."];
        var forwards = await ScoresAsync(answers);
        var backwards = await ScoresAsync([.. answers.Reverse()]);
        Assert.All(answers, answer => Assert.Equal(forwards[answer], backwards[answer], 1e-4));
        Assert.Equal(3, forwards.Values.Distinct().Count());
    }

    [Fact]
    public async Task A_body_larger_than_the_servers_own_limit_is_read()
    {
        await using var gateway = WithFakes();
        using var body = BinaryContent.Create(BinaryData.FromString(TestGateway.Chat($"\"user\":\"{new string('x', 31_000_000)}\"")));
        Assert.Equal(200, (await Client(gateway, "pocket").CompleteChatAsync(body)).GetRawResponse().Status);
    }

    [Fact]
    public async Task The_older_route_passes_through_under_the_upstreams_name()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        await using var gateway = new SocketGateway(null, SocketGateway.Before(upstream));
        using var http = new HttpClient();
        using var content = new StringContent(
            """{"model":"remote","prompt":"2 + 2 =","echo":true,"suffix":"!"}""", System.Text.Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{gateway.Endpoint}/completions") { Content = content };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer mine");
        using var response = await http.SendAsync(request, TestGateway.Cancellation);

        Assert.Equal("""{"path":"/v1/completions"}""", await response.Content.ReadAsStringAsync(TestGateway.Cancellation));
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal("""{"model":"org/remote","prompt":"2 \u002B 2 =","echo":true,"suffix":"!"}""", sent.Body);
        Assert.False(sent.Headers.ContainsKey("Authorization"));
    }

    /// <summary>What the pocket reward model says of these answers, made in this order.</summary>
    private static async Task<Dictionary<string, double>> ScoresAsync(string[] answers)
    {
        await using var gateway = new SocketGateway(
            services => services.AddSingleton<IGeneratorSource>(new FakeGeneratorSource(FakeGenerator.Answering(answers))),
            ("BestOfN:Models:pocket:Generator", "fake"), ("BestOfN:RewardModels:pocket-reward:Dtype", "float32"));
        using var body = BinaryContent.Create(BinaryData.FromString(TestGateway.Chat("""
            "best_of_n":{"n":3,"return":"candidates"}
            """)));
        var result = await Client(gateway, "pocket").CompleteChatAsync(body);
        return JsonNode.Parse(result.GetRawResponse().Content)!["best_of_n"]!["candidates"]!.AsArray()
            .ToDictionary(candidate => (string)candidate!["message"]!["content"]!, candidate => (double)candidate!["score"]!);
    }

    private static SocketGateway WithFakes(params (string Path, string Value)[] settings) => new(
        services =>
        {
            services.AddSingleton<IGeneratorSource>(new FakeGeneratorSource(FakeGenerator.Answering("a", "bb", "ccc", "dddd")));
            services.AddSingleton<IRewardModelSource>(new FakeRewardModelSource(FakeRewardModel.ByLength()));
        },
        [("BestOfN:Models:pocket:Generator", "fake"), .. settings]);

    private static ChatClient Client(SocketGateway gateway, string model, string key = "none") =>
        new(model, new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = gateway.Endpoint });

#pragma warning disable OPENAI001 // The SDK calls its seed experimental.
    private static ChatCompletionOptions Seeded() => new() { Seed = 5 };
#pragma warning restore OPENAI001

    private static UserChatMessage Picture() =>
        new(
            ChatMessageContentPart.CreateTextPart("Is it red?"),
            ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(_png), "image/png"));
}
