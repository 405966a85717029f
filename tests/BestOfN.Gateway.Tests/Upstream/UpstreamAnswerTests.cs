using System.Net;
using System.Text.Json.Nodes;
using BestOfN.Testing.Upstream;

namespace BestOfN.Gateway.Tests.Upstream;

/// <summary>What a client of the whole gateway sees of an upstream's answer.</summary>
public sealed class UpstreamAnswerTests
{
    private const string Usage =
        """{"prompt_tokens":10,"completion_tokens":7,"total_tokens":19,"prompt_tokens_details":{"cached_tokens":8}"""
            + ""","completion_tokens_details":{"reasoning_tokens":3},"cost":0.1}""";

    [Fact]
    public async Task A_single_candidate_is_streamed_in_the_upstreams_order_while_it_is_made()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Sending(
            """{"reasoning_content":"Let me"}""", """{"reasoning_content":" think."}""",
            """{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{"}}]}""") with { HangsAfter = 3 });
        await using var gateway = Before(upstream);
        using var response = await SendAsync(gateway, "\"best_of_n\":1,\"stream\":true");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestGateway.Cancellation));

        // All of this comes while the upstream still waits.
        List<string> deltas = [];
        while (deltas.Count < 4)
        {
            if (await lines.ReadLineAsync(TestGateway.Cancellation) is { Length: > 6 } line
                && line.StartsWith("data: ", StringComparison.Ordinal))
            {
                deltas.Add(JsonNode.Parse(line[6..])!["choices"]![0]!["delta"]!.ToJsonString());
            }
        }

        Assert.Equal(
            ["""{"role":"assistant"}""", """{"reasoning_content":"Let me"}""", """{"reasoning_content":" think."}""",
                """{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{"}}]}"""],
            deltas);
        upstream.GoOn();
        var rest = await lines.ReadToEndAsync(TestGateway.Cancellation);
        Assert.DoesNotContain("Let me", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("tool_calls\":[", rest, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"content":[{"token":"Hello","logprob":-0.1,"bytes":null,"top_logprobs":[]}]}""")]
    [InlineData("""{"content":null}""")]
    public async Task Log_probabilities_that_nobody_asked_for_double_no_text(string logprobs)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Streaming(
            $$$"""{"choices":[{"index":0,"delta":{"content":"Hello"},"logprobs":{{{logprobs}}}}]}""",
            $$$"""{"choices":[{"index":0,"delta":{"content":" world"},"logprobs":{{{logprobs}}}}]}""",
            """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""");
        await using var gateway = Before(upstream);

        var chunks = await AskAsync(gateway, "\"best_of_n\":1,\"stream\":true").ChunksAsync();

        Assert.Equal("Hello world", chunks.Text());
        Assert.Equal(2, chunks.Count(chunk => chunk["choices"]![0]!["logprobs"] is not null));
    }

    [Fact]
    public async Task The_winner_of_several_is_streamed_with_its_thoughts_first_and_everything_once()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Sending(
            """{"reasoning_content":"Let me think."}""", """{"content":"Four."}""",
            """{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}"""));
        await using var gateway = Before(upstream);

        var chunks = await AskAsync(gateway, "\"best_of_n\":2,\"stream\":true").ChunksAsync();

        Assert.Equal(
            ["role", "reasoning_content", "content", "tool_calls"],
            chunks.SelectMany(chunk => chunk["choices"]![0]!["delta"]!.AsObject().Select(field => field.Key)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_call_of_a_tool_brings_no_empty_text(int candidates)
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Sending(
            """{"content":"","tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}"""
                + """]}""") with { FinishReason = "tool_calls" });
        await using var gateway = Before(upstream);

        var chunks = await AskAsync(gateway, $"\"best_of_n\":{candidates},\"stream\":true").ChunksAsync();

        Assert.Equal("""{"role":"assistant"}""", chunks[0]["choices"]![0]!["delta"]!.ToJsonString());
        Assert.All(chunks, chunk => Assert.False(chunk["choices"]![0]!["delta"]!.AsObject().ContainsKey("content")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_empty_answer_is_an_empty_text(int candidates)
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Sending("""{"content":""}"""));
        await using var gateway = Before(upstream);

        var chunks = await AskAsync(gateway, $"\"best_of_n\":{candidates},\"stream\":true").ChunksAsync();

        Assert.Single(chunks, chunk => (string?)chunk["choices"]![0]!["delta"]!["content"] == "");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_upstream_says_besides_is_kept_where_one_candidate_is_made(bool stream)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Streaming(
            """{"id":"up-1","created":12,"model":"x","system_fingerprint":"fp_1","citations":["http://a"],"choices":[{"index":0"""
                + ""","delta":{"content":"Hello"}}]}""",
            """{"id":"up-1","created":12,"model":"x","service_tier":"default","choices":[{"index":0,"delta":{}"""
                + ""","finish_reason":"stop","stop_reason":"###","matched_stop":7}]}""",
            $$"""{"id":"up-1","choices":[],"usage":{{Usage}}}""");
        await using var gateway = Before(upstream);
        var fields = "\"best_of_n\":1" + (stream ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" : "");

        IReadOnlyList<JsonNode> answers = stream
            ? await AskAsync(gateway, fields).ChunksAsync()
            : [await AskAsync(gateway, fields).JsonAsync()];

        Assert.All(
            answers,
            answer => Assert.Equal(("up-1", 12, "up"), ((string?)answer["id"], (int)answer["created"]!, (string?)answer["model"])));
        Assert.Equal(
            ("fp_1", "default", "http://a"),
            ((string?)Only(answers, "system_fingerprint"), (string?)Only(answers, "service_tier"), (string?)Only(answers, "citations")[0]));
        var choice = answers.SelectMany(answer => answer["choices"]!.AsArray()).Single(each => (string?)each!["finish_reason"] == "stop")!;
        Assert.Equal(("###", 7), ((string?)choice["stop_reason"], (int)choice["matched_stop"]!));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Usage), answers[^1]["usage"]), answers[^1].ToJsonString());
    }

    [Fact]
    public async Task Of_several_candidates_the_winners_choice_keeps_its_fields_and_the_usage_is_their_sum()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Streaming("""{"id":"up-1","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":"Hello"}"""
            + ""","finish_reason":"stop","stop_reason":"###"}]}""", $$"""{"choices":[],"usage":{{Usage}}}""");
        await using var gateway = Before(upstream, ("Metadata:Choices", "multiple"));

        var answer = await AskAsync(gateway, "\"best_of_n\":3").JsonAsync();

        Assert.StartsWith("chatcmpl-", (string?)answer["id"], StringComparison.Ordinal);
        Assert.Equal("###", (string?)answer["choices"]![0]!["stop_reason"]);
        Assert.Null(answer["system_fingerprint"]);
        var expected = """{"prompt_tokens":10,"completion_tokens":21,"total_tokens":37,"prompt_tokens_details":{"cached_tokens":8}"""
            + ""","completion_tokens_details":{"reasoning_tokens":9},"cost":0.3}""";
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), answer["usage"]), answer["usage"]!.ToJsonString());
    }

    [Fact]
    public async Task Usage_that_comes_with_every_piece_counts_the_whole()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Streaming(
            [.. Enumerable.Range(0, 3).Select(index => $$$"""{"choices":[{"index":{{{index}}},"delta":{"content":"a"}"""
                + ""","finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":3}}"""),
             """{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":9,"total_tokens":19}}"""]);
        await using var gateway = Before(upstream, ("Metadata:Choices", "single"));

        Assert.Equal(9, (int)(await AskAsync(gateway, "\"best_of_n\":3").JsonAsync())["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task A_usage_that_no_server_can_have_is_no_error()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Streaming("""{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]"""
            + ""","usage":{"prompt_tokens":2147483647,"completion_tokens":9223372036854775807,"total_tokens":1e300,"cost":1e308}}""");
        await using var gateway = Before(upstream, ("Metadata:Choices", "multiple"));

        var answer = await AskAsync(gateway, "\"best_of_n\":{\"n\":4,\"token_budget\":100000}").JsonAsync();

        Assert.Equal("a", (string?)answer["choices"]![0]!["message"]!["content"]);
    }

    [Theory]
    [InlineData("""{"detail":"Can not use 'max_tokens' over 512"}""", null)]
    [InlineData(
        """{"error":{"message":"Can not use 'max_tokens' over 512","type":"x","param":null,"code":"context_length_exceeded"}}""",
        "context_length_exceeded")]
    public async Task The_upstreams_reason_reaches_the_client(string body, string? code)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Fault.Answering(400, body);
        await using var gateway = Before(upstream);

        var error = await AskAsync(gateway, "\"best_of_n\":4").ErrorAsync(HttpStatusCode.BadRequest);

        Assert.Equal(("Can not use 'max_tokens' over 512", code), ((string?)error["message"], (string?)error["code"]));
    }

    [Fact]
    public async Task An_error_in_a_stream_that_has_begun_has_the_upstreams_words_and_code()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Fault.Answering(200, """
            data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}

            data: {"error":
            data: {"message":"too long","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}


            """, "text/event-stream");
        await using var gateway = Before(upstream);

        var events = await AskAsync(gateway, "\"best_of_n\":1,\"stream\":true").EventsAsync();

        Assert.Equal("error", events[^1].EventType);
        var error = JsonNode.Parse(events[^1].Data)!["error"]!;
        Assert.Equal(("too long", "context_length_exceeded"), ((string?)error["message"], (string?)error["code"]));
    }

    [Fact]
    public async Task The_schema_of_a_tool_may_be_nested_more_deeply_than_64_levels()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Streaming("""{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}""");
        await using var gateway = Before(upstream);
        var deep = $"{new string('[', 100)}{new string(']', 100)}";

        await AskAsync(gateway, $$$"""
            "best_of_n":1,"tools":[{"type":"function","function":{"name":"f","parameters":{"x":{{{deep}}} } } }]
            """).JsonAsync();

        Assert.Contains(deep, upstream.Requests[0].Body, StringComparison.Ordinal);
    }

    private static Fault Streaming(params string[] chunks) =>
        Fault.Answering(200, string.Concat(chunks.Select(chunk => $"data: {chunk}\n\n")) + "data: [DONE]\n\n", "text/event-stream");

    private static JsonNode Only(IEnumerable<JsonNode> answers, string field) =>
        answers.Select(answer => answer[field]).OfType<JsonNode>().Single();

    private static TestGateway Before(OpenAIUpstream upstream, params (string Path, string Value)[] settings) => new(settings:
    [
        ("BestOfN:Models:up:Generator", "upstream"), ("BestOfN:Models:up:Cluster", "c"), ("BestOfN:Models:up:RewardModel", "pocket-reward"),
        ("ReverseProxy:Clusters:c:Destinations:d:Address", upstream.Address.ToString()),
        .. settings.Select(setting => ($"ReverseProxy:Clusters:c:{setting.Path}", setting.Value)),
    ]);

    private static Task<HttpResponseMessage> AskAsync(TestGateway gateway, string fields) => gateway.RawClient.PostAsync(
        "/v1/chat/completions", Content(fields), TestGateway.Cancellation);

    private static Task<HttpResponseMessage> SendAsync(TestGateway gateway, string fields) => gateway.RawClient.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = Content(fields) },
        HttpCompletionOption.ResponseHeadersRead, TestGateway.Cancellation);

    private static StringContent Content(string fields) =>
        new(TestGateway.Chat(fields, "up"), System.Text.Encoding.UTF8, "application/json");
}
