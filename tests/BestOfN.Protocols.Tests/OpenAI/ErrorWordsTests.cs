using System.Text;
using System.Text.Json;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Protocols.Upstreams;
using BestOfN.Testing.Upstream;

namespace BestOfN.Protocols.Tests.OpenAI;

public sealed class ErrorWordsTests
{
    [Theory]
    [InlineData("""{"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}""", "too long")]
    [InlineData("""{"error":"too long"}""", "too long")]
    [InlineData("""{"object":"error","message":"too long","type":"BadRequestError","code":400}""", "too long")]
    [InlineData("""{"detail":"too long"}""", "too long")]
    [InlineData(
        """{"detail":[{"type":"extra_forbidden","loc":["body","top_k"],"msg":"Extra inputs are not permitted"}]}""",
        "top_k: Extra inputs are not permitted")]
    [InlineData(
        """{"object":"error","message":{"detail":[{"loc":["body","a","b"],"msg":"no"}]},"type":"invalid_request_error"}""", "a.b: no")]
    [InlineData("""[{"error":{"code":400,"message":"too long","status":"INVALID_ARGUMENT"}}]""", "too long")]
    [InlineData("""{"errors":[{"message":"one"},{"message":"two"}]}""", "one; two")]
    [InlineData("""{"error":{"code":"bad","error":{"message":"too long"}}}""", "too long")]
    [InlineData("""{"title":"Bad Request","detail":"too long","status":400}""", "too long")]
    [InlineData("too long", "too long")]
    [InlineData("<html><head><title>Too  large</title></head>\n<body><h1>413 Too large</h1></body></html>", "Too large 413 Too large")]
    [InlineData("", "The upstream answered with status 400.")]
    [InlineData("{}", "The upstream answered with status 400.")]
    public async Task The_upstreams_words_are_told_in_whichever_shape_they_come(string body, string words)
    {
        var failure = await FailureAsync(400, body);

        Assert.Equal(words, failure.Message);
        Assert.Equal(400, failure.Failure.Upstream?.Status);
        if (!failure.Failure.Upstream!.Body.IsEmpty)
        {
            using var envelope = JsonDocument.Parse(failure.Failure.Upstream!.Body);
            Assert.Equal(words, envelope.RootElement.GetProperty("error").GetProperty("message").GetString() ?? "");
        }
    }

    [Theory]
    [InlineData("""{"error":{"message":"too long","type":"x","param":"messages","code":"context_length_exceeded"}}""")]
    [InlineData("""{"object":"error","message":"too long","type":"x","param":"messages","code":"context_length_exceeded"}""")]
    public async Task The_code_and_the_field_are_kept(string body)
    {
        using var envelope = JsonDocument.Parse((await FailureAsync(400, body)).Failure.Upstream!.Body);
        var error = envelope.RootElement.GetProperty("error");

        Assert.Equal(
            ("x", "messages", "context_length_exceeded"),
            (error.GetProperty("type").GetString(), error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Endless_words_are_cut()
    {
        var endless = string.Concat(Enumerable.Repeat("\U0001F600", 5000));
        var failure = await FailureAsync(400, JsonSerializer.Serialize(new { error = new { message = endless, code = "bad" } }));

        Assert.InRange(failure.Message.Length, 500, 1000);
        Assert.False(char.IsHighSurrogate(failure.Message[^1]));
        Assert.InRange(failure.Failure.Upstream!.Body.Length, 500, 7000);
        Assert.Contains("\"bad\"", Encoding.UTF8.GetString(failure.Failure.Upstream!.Body.Span), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"error":{"message":"Input was flagged","code":403,"metadata":{"reasons":["violence"]}}}""")]
    [InlineData("""{"error":{"message":"Your request was rejected by our safety system","code":"moderation_blocked"}}""")]
    public async Task A_refusal_of_the_content_is_not_taken_for_one_of_the_credentials(string body)
    {
        var failure = await FailureAsync(403, body);

        Assert.Equal(403, failure.Failure.Upstream?.Status);
        Assert.False(failure.Failure.Upstream!.Body.IsEmpty);
    }

    [Theory]
    [InlineData("""{"error":{"message":"Incorrect API key provided: sk-ab***yz","code":"invalid_api_key"}}""")]
    [InlineData("""{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}""")]
    public async Task An_upstream_that_refuses_the_gateways_key_with_400_is_not_told_as_the_clients_mistake(string body)
    {
        var failure = await FailureAsync(400, body);

        Assert.Equal((FailureKind.Unavailable, null), (failure.Failure.Kind, failure.Failure.Upstream));
        Assert.Equal("The upstream refused the credentials it was called with (400).", failure.Message);
    }

    [Theory]
    [InlineData(400, """{"error":{"message":"Bad header: Bearer sk-secret-0"}}""", "application/json")]
    [InlineData(400, """{"error":{"message":"Bad header","header":"sk-secret-0"}}""", "application/json")]
    [InlineData(500, "cannot serve sk-secret-0", "text/plain")]
    [InlineData(200, """{"error":{"message":"Bad header: sk-secret-0","type":"invalid_request_error"}}""", "application/json")]
    [InlineData(200, "data: {\"error\":{\"message\":\"Bad header: sk-secret-0\"}}\n\n", "text/event-stream")]
    public async Task Words_that_repeat_the_gateways_key_are_not_told(int status, string body, string contentType)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Fault.Answering(status, body, contentType);
        using var generator = new GeneratorUnderTest(upstream);
        generator.Destinations.Key = "sk-secret-0";

        var failure = Assert.Single((await generator.RunAsync(1)).Failed).Exception;

        Assert.DoesNotContain("sk-secret-0", failure.ToString(), StringComparison.Ordinal);
        Assert.True(failure.Failure.Upstream?.Body.IsEmpty ?? true);
    }

    [Theory]
    [InlineData("""{"object":"error","message":"too long","code":400}""", "400")]
    [InlineData("""{"message":"too long","code":"bad"}""", "\"bad\"")]
    public async Task A_code_that_is_a_number_stays_one(string body, string code)
    {
        using var envelope = JsonDocument.Parse((await FailureAsync(400, body)).Failure.Upstream!.Body);

        Assert.Equal(code, envelope.RootElement.GetProperty("error").GetProperty("code").GetRawText());
    }

    [Theory]
    [InlineData("""{"object":"error","message":"No such model","type":"NotFoundError","code":404}""", 404)]
    [InlineData("""{"error":{"message":"Slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}}""", 429)]
    [InlineData("""{"error":{"message":"Too long","type":"invalid_request_error","code":"context_length_exceeded"}}""", 400)]
    [InlineData("""{"error":"It broke"}""", 502)]
    [InlineData("""{"detail":"It broke"}""", 502)]
    public async Task An_error_in_an_answer_that_claims_success_is_told_whole_or_streamed(string body, int status)
    {
        Fault[] faults =
        [
            Fault.Answering(200, body),
            Fault.Answering(200, $"data: {body}\n\ndata: [DONE]\n\n", "text/event-stream"),
            Fault.Answering(200, $"event: error\ndata: {body}\n\n", "text/event-stream"),
        ];
        foreach (var fault in faults)
        {
            var failure = await FailureAsync(fault);

            Assert.Equal(status, failure.Failure.Upstream?.Status);
            Assert.Contains(failure.Message, body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("data: error: out of memory\n\n")]
    [InlineData("event: error\ndata: error: out of memory\n\n")]
    public async Task An_error_of_plain_words_in_a_stream_is_told(string events) =>
        Assert.Equal("error: out of memory", (await FailureAsync(Fault.Answering(200, events, "text/event-stream"))).Message);

    public static TheoryData<string, string> Floods => new()
    {
        { "application/json", """{"choices":[{"index":0,"message":{"content":" """ },
        { "text/event-stream", """data: {"choices":[{"index":0,"delta":{"content":" """ },
        { "text/event-stream", "data: 1\ndata: 2\n" },
    };

    [Theory, MemberData(nameof(Floods))]
    public async Task An_answer_without_end_is_given_up_before_it_fills_the_memory(string contentType, string start) =>
        await GivesUpAsync(Fault.Flooding(contentType, start, new string('a', 4000)));

    [Fact]
    public async Task Endless_pieces_are_given_up_before_they_fill_the_memory() =>
        await GivesUpAsync(Fault.Flooding(
            "text/event-stream", "", $$$"""data: {"choices":[{"index":0,"delta":{"content":"{{{new string('a', 4000)}}}"}}]}""" + "\n\n"));

    private static async Task GivesUpAsync(Fault flood)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = flood;
        using var generator = new GeneratorUnderTest(upstream, options: new UpstreamOptions { MaxAnswerBytes = 100_000 });

        var failure = Assert.Single((await generator.RunAsync(1)).Failed).Exception;

        Assert.Matches("^The upstream's answer is larger than [14]00000 bytes.$", failure.Message);
        await upstream.Aborted.ReachesAsync(1);
    }

    private static Task<GenerationFailedException> FailureAsync(int status, string body) => FailureAsync(Fault.Answering(status, body));

    private static async Task<GenerationFailedException> FailureAsync(Fault fault)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = fault;
        using var generator = new GeneratorUnderTest(upstream);
        return Assert.Single((await generator.RunAsync(1)).Failed).Exception;
    }
}
