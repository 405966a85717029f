using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using BestOfN.Core.Rewards;

namespace BestOfN.Gateway.Tests.Rewards;

/// <summary>What no fixture shows: names, keys, limits, waiting, images without a place, errors in the shape of each dialect.</summary>
public sealed class RewardServerTests
{
    private const string Text = "<|im_start|>user\\n2 + 2?<|im_end|>\\n<|im_start|>assistant\\nfour<|im_end|>\\n";

    [Fact]
    public async Task One_prompt_with_many_answers_is_scored_together_and_ranked()
    {
        var judge = new LengthJudge();
        await using var gateway = Gateway(judge);
        var (status, body) = await gateway.AskAsync(
            "/v1/rewards", """{"messages":[{"role":"user","content":"2 + 2?"}],"candidates":["4",{"content":"four"},"five!"]}""");
        Assert.Equal(200, status);
        Assert.Equal([-2, 1, 2], body.GetProperty("scores").EnumerateArray().Select(score => score.GetDouble()));
        Assert.Equal([2, 1, 0], body.GetProperty("ranking").EnumerateArray().Select(place => place.GetInt32()));
        Assert.Equal("judge", body.GetProperty("reward_model").GetString());
        Assert.Single(judge.Inputs.Cast<ConversationInput>().Select(input => input.Prompt).Distinct(ReferenceEqualityComparer.Instance));
    }

    [Fact]
    public async Task Templated_texts_of_one_prompt_share_it()
    {
        var judge = new LengthJudge();
        await using var gateway = Gateway(judge);
        var (status, _) = await gateway.AskAsync(
            "/get_reward", $$"""{"query":["{{Text}}","{{Text.Replace("four", "4", StringComparison.Ordinal)}}"]}""");
        Assert.Equal(200, status);
        Assert.Single(judge.Inputs.Cast<ConversationInput>().Select(input => input.Prompt).Distinct(ReferenceEqualityComparer.Instance));
    }

    [Theory]
    [InlineData("auto", "Just text.", 200, typeof(TextInput))]
    [InlineData("auto", Text, 200, typeof(ConversationInput))]
    [InlineData("raw", Text, 200, typeof(TextInput))]
    [InlineData("chat", Text, 200, typeof(ConversationInput))]
    [InlineData("chat", "Just text.", 400, null)]
    public async Task A_setting_says_whether_templated_text_is_read_back(string setting, string text, int status, Type? input)
    {
        var judge = new LengthJudge();
        await using var gateway = Gateway(judge, ("BestOfN:RewardModels:judge:PromptText", setting));
        Assert.Equal(status, (await gateway.AskAsync("/get_reward", $$"""{"query":["{{text}}"]}""")).Status);
        Assert.Equal(input, judge.Inputs.FirstOrDefault()?.GetType());
    }

    [Theory]
    [InlineData("/classify", """{"model":"x","input":"a"}""", "error.code", "404")]
    [InlineData("/rerank", """{"model":"x","query":"q","documents":["d"]}""", "message",
        "There is no reward model 'x'. Known are: judge, other.")]
    [InlineData("/v1/score/evaluation", """{"model":"x","messages":["a"]}""", "detail",
        "There is no reward model 'x'. Known are: judge, other.")]
    [InlineData("/v2/models/x/infer", "{}", "error", "There is no reward model 'x'. Known are: reward_model, judge, other.")]
    public async Task An_unknown_name_is_told_in_the_shape_of_the_dialect(string path, string json, string field, string expected)
    {
        await using var gateway = Gateway(new LengthJudge(), ("BestOfN:RewardModels:other:Path", "."));
        var (status, body) = await gateway.AskAsync(path, json);
        Assert.Equal(404, status);
        Assert.Equal(expected, field.Split('.').Aggregate(body, (at, name) => at.GetProperty(name)).ToString());
    }

    [Fact]
    public async Task Any_name_means_the_only_reward_model_and_is_repeated()
    {
        await using var gateway = Gateway(new LengthJudge());
        var (status, body) = await gateway.AskAsync("/classify", """{"model":"/models/elsewhere","input":"abcd","use_activation":false}""");
        Assert.Equal((200, "/models/elsewhere"), (status, body.GetProperty("model").GetString()));
    }

    [Fact]
    public async Task Keys_are_asked_for_but_not_on_routes_that_are_open_or_tell_readiness()
    {
        await using var gateway = Gateway(
            new LengthJudge(), ("BESTOFN_API_KEYS", "secret"), ("BestOfN:RewardServer:Anonymous:0", "openrlhf"));
        Assert.Equal(200, (await gateway.AskAsync("/get_reward", """{"query":["a"]}""")).Status);
        Assert.Equal(401, (await gateway.AskAsync("/classify", """{"input":"a"}""")).Status);
        var refused = await gateway.AskAsync("/v1/score/evaluation", """{"messages":["a"]}""");
        Assert.Equal((401, "Invalid API key."), (refused.Status, refused.Body.GetProperty("detail").GetString()));
        var (status, body) = await gateway.AskAsync("/predict", """{"inputs":"a"}""");
        Assert.Equal((401, JsonValueKind.Undefined), (status, body.ValueKind)); // TEI says nothing more
        foreach (var path in (string[])["/health", "/ping", "/health_generate", "/v2/health/ready", "/v2/health/live",
            "/v2/models/reward_model/ready"])
        {
            using var response = await gateway.Client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.True(response.StatusCode is HttpStatusCode.OK, path);
        }
    }

    [Theory]
    [InlineData("verl", 200, 401)]
    [InlineData("sglang", 200, 401)]
    [InlineData("ms-swift", 401, 200)]
    [InlineData("vllm", 401, 401)]
    public async Task A_route_that_others_share_needs_no_key_only_where_its_dialect_is_open_and_a_reward_model_is_meant(
        string open, int embedding, int chat)
    {
        await using var gateway = Gateway(
            new LengthJudge(), ("BESTOFN_API_KEYS", "secret"), ("BestOfN:RewardServer:Anonymous:0", open),
            ("BestOfN:RewardServer:SwiftChatRewards", "true"));
        const string Messages = """ "messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}] """;
        foreach (var (key, asks) in new[] { (null, false), ("wrong", false), ("secret", true) })
        {
            gateway.Client.DefaultRequestHeaders.Authorization = key is null ? null : new("Bearer", key);
            Assert.Equal(asks ? 200 : embedding, (await gateway.AskAsync("/v1/embeddings", """{"model":"judge","input":"ab"}""")).Status);
            Assert.Equal(
                asks ? 200 : chat, (await gateway.AskAsync("/v1/chat/completions", $$"""{"model":"judge",{{Messages}}}""")).Status);
            Assert.Equal(
                asks ? 404 : 401, (await gateway.AskAsync("/v1/chat/completions", $$"""{"model":"gpt",{{Messages}}}""")).Status);
        }
    }

    [Fact]
    public async Task Requests_wait_for_a_place_and_are_all_answered()
    {
        var gate = new TaskCompletionSource();
        var judge = new LengthJudge { Gate = gate.Task };
        await using var gateway = Gateway(
            judge, ("BestOfN:RewardServer:MaxConcurrentPrompts", "2"), ("BestOfN:MaxConcurrentRequests", "1"));
        var answers = Enumerable.Range(0, 40).Select(i => gateway.AskAsync("/get_reward", $$"""{"query":["text {{i}}"]}""")).ToList();
        gate.SetResult();
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(200, answer.Status));
        Assert.InRange(judge.MostWorking, 1, 2);
    }

    [Theory]
    [InlineData("/get_reward", """{"query":["a"]}""", 503)]
    [InlineData("/predict", """{"inputs":"a"}""", 429)]
    [InlineData("/v2/rerank", """{"query":"q","documents":["d"]}""", 429)]
    public async Task Where_the_operator_wants_it_requests_are_refused_rather_than_queued(string path, string json, int expected)
    {
        var gate = new TaskCompletionSource();
        var judge = new LengthJudge { Gate = gate.Task };
        await using var gateway = Gateway(
            judge, ("BestOfN:RewardServer:MaxConcurrentPrompts", "1"), ("BestOfN:RewardServer:Overload", "reject"),
            ("BestOfN:RewardServer:MaxWaiting", "0"));
        var first = gateway.AskAsync("/get_reward", """{"query":["first"]}""");
        while (judge.Working == 0)
        {
            await Task.Yield();
        }

        Assert.Equal(expected, (await gateway.AskAsync(path, json)).Status);
        gate.SetResult();
        Assert.Equal(200, (await first).Status);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public async Task A_score_that_is_no_finite_number_is_never_sent(double offset)
    {
        await using var gateway = Gateway(new LengthJudge { Offset = offset });
        var (status, body) = await gateway.AskAsync("/classify", """{"input":"a"}""");
        Assert.Equal((500, "InternalServerError"), (status, body.GetProperty("error").GetProperty("type").GetString()));
        Assert.Equal("Backend", (await gateway.AskAsync("/predict", """{"inputs":"a"}""")).Body.GetProperty("error_type").GetString());
    }

    [Theory]
    [InlineData("""{"input":"0123456789abc"}""", 400)]
    [InlineData("""{"input":"0123456789abc","truncate_prompt_tokens":-1}""", 200)]
    [InlineData("""{"input":"0123456789abc","truncate_prompt_tokens":5}""", 200)]
    [InlineData("""{"input":"0123","truncate_prompt_tokens":11}""", 400)]
    public async Task Long_inputs_are_cut_only_where_the_request_says_so(string json, int expected)
    {
        await using var gateway = Gateway(new LengthJudge { MaxLength = 10 });
        var (status, body) = await gateway.AskAsync("/classify", json);
        Assert.Equal(expected, status);
        if (json.Contains("11", StringComparison.Ordinal))
        {
            Assert.Contains("truncate_prompt_tokens", body.GetProperty("error").GetProperty("message").GetString(),
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"query":["TEXT"],"images":[["data:image/png;base64,AAAA"],null]}""")]
    [InlineData("""{"query":["plain"],"images":["data:image/png;base64,AAAA"]}""")]
    [InlineData("""{"query":["TEXT"],"images":["https://example.com/a.png"]}""")]
    public async Task Images_that_have_no_place_or_are_elsewhere_are_refused(string json)
    {
        await using var gateway = Gateway(new LengthJudge());
        Assert.Equal(400, (await gateway.AskAsync("/get_reward", json.Replace("TEXT", Text, StringComparison.Ordinal))).Status);
    }

    [Theory]
    [InlineData("/classify", """{"input":"a","text":"b"}""")]
    [InlineData("/classify", "{}")]
    [InlineData("/classify", """{"input":"a","normalize":true}""")]
    [InlineData("/classify", """{"messages":[{"role":"user","content":"a"}]}""")]
    [InlineData("/pooling", """{"input":"a","task":"embed"}""")]
    [InlineData("/judge", """{"conv":[]}""")]
    public async Task What_cannot_be_scored_is_refused(string path, string json)
    {
        await using var gateway = Gateway(new LengthJudge());
        Assert.Equal(400, (await gateway.AskAsync(path, json)).Status);
    }

    [Fact]
    public async Task Numbers_come_as_bytes_where_vllms_clients_ask_for_them()
    {
        await using var gateway = Gateway(new LengthJudge());
        using var response = await gateway.Client.PostAsync(
            new Uri("/pooling", UriKind.Relative), TestGateway.Json("""{"input":["a","abcd"],"encoding_format":"bytes"}"""),
            TestContext.Current.CancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.Equal([-2f, 1f], [BitConverter.ToSingle(bytes, 0), BitConverter.ToSingle(bytes, 4)]);
        using var metadata = JsonDocument.Parse(response.Headers.GetValues("metadata").Single());
        Assert.Equal(4, metadata.RootElement.GetProperty("data")[1].GetProperty("start").GetInt32());
    }

    [Fact]
    public async Task A_compressed_body_with_binary_tensors_is_read_and_a_bomb_is_not()
    {
        await using var gateway = Gateway(new LengthJudge(), ("BestOfN:MaxRequestBodyBytes", "65536"), ("BestOfN:MaxPictureBytes", "1000"),
            ("BestOfN:MaxVideoBytes", "1000"));
        var head = """{"inputs":[{"name":"sentences","shape":[1,1],"datatype":"BYTES","parameters":{"binary_data_size":8}}]}""";
        byte[] body = [.. Encoding.UTF8.GetBytes(head), 4, 0, 0, 0, .. "four"u8];
        var (status, json) = await InferAsync(gateway, body, head.Length);
        Assert.Equal((200, 1.0), (status, json.GetProperty("outputs")[0].GetProperty("data")[0].GetDouble()));
        Assert.Equal(413, (await InferAsync(gateway, new byte[1 << 20], 10)).Status);
        Assert.Equal(400, (await InferAsync(gateway, body[..^2], head.Length)).Status);
    }

    [Fact]
    public async Task Without_the_setting_there_is_no_reward_server()
    {
        await using var gateway = new TestGateway();
        using var response = await gateway.RawClient.PostAsync(
            new Uri("/classify", UriKind.Relative), TestGateway.Json("""{"input":"a"}"""), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private static async Task<(int Status, JsonElement Body)> InferAsync(RewardGateway gateway, byte[] body, int length)
    {
        using var compressed = new MemoryStream();
        await using (var zip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await zip.WriteAsync(body, TestContext.Current.CancellationToken);
        }

        using var content = new ByteArrayContent(compressed.ToArray());
        content.Headers.ContentEncoding.Add("gzip");
        content.Headers.TryAddWithoutValidation(
            "Inference-Header-Content-Length", length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var response = await gateway.Client.PostAsync(
            new Uri("/v2/models/reward_model/infer", UriKind.Relative), content, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode,
            JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement);
    }

    private static RewardGateway Gateway(IRewardModel judge, params (string, string)[] settings) => new(
        judge, [("BestOfN:RewardServer:Enabled", "true"), ("BestOfN:RewardModels:judge:Path", "."), .. settings]);
}
