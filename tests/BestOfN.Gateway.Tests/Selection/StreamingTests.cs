using System.Net;
using System.Text.Json.Nodes;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Testing.Fakes;

namespace BestOfN.Gateway.Tests.Selection;

public sealed class StreamingTests
{
    private const string LongAnswer = "Two plus two is four, since two and two more make four \U0001F600 and that is all there is to say.";

    [Fact]
    public async Task The_winner_is_streamed_role_first_and_ends_with_a_reason()
    {
        await using var gateway = new TestGateway(FakeGenerator.Answering("short", LongAnswer));
        using var response = await gateway.ChatAsync("\"stream\":true,\"best_of_n\":2");
        var chunks = await Task.FromResult(response).ChunksAsync();

        Assert.Equal("assistant", (string?)chunks[0]["choices"]![0]!["delta"]!["role"]);
        Assert.Equal(LongAnswer, chunks.Text());
        Assert.True(chunks.Count > 4);
        Assert.Equal("stop", (string?)chunks[^1]["choices"]![0]!["finish_reason"]);
        Assert.All(chunks.SkipLast(1), chunk => Assert.Null(chunk["choices"]![0]!["finish_reason"]));
        Assert.All(chunks, chunk => Assert.Null(chunk["usage"]));
        Assert.StartsWith(
            "requested=2; scored=2; selected=1", response.Headers.GetValues("X-Best-Of-N").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_stands_in_a_stream_as_it_is_without_needless_escapes()
    {
        await using var gateway = new TestGateway(FakeGenerator.Answering("26+21=47 <é>"));
        using var response = await gateway.ChatAsync("\"stream\":true,\"best_of_n\":1");
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains("\"content\":\"26+21=47", body, StringComparison.Ordinal);
        Assert.Contains("<é>", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_and_selection_ride_on_the_last_chunk()
    {
        await using var gateway = new TestGateway();
        var chunks = await gateway.ChatAsync("""
            "stream":true,"stream_options":{"include_usage":true},"best_of_n":{"n":4,"return":"scores"}
            """).ChunksAsync();
        Assert.Empty(chunks[^1]["choices"]!.AsArray());
        Assert.Equal(4, (int)chunks[^1]["usage"]!["completion_tokens"]!);
        Assert.Equal(3, (int)chunks[^1]["best_of_n"]!["selected"]!);
        Assert.All(chunks.SkipLast(1), chunk => Assert.Null(chunk["best_of_n"]));
    }

    [Fact]
    public async Task Without_usage_the_selection_rides_on_the_chunk_that_ends_the_last_choice()
    {
        await using var gateway = new TestGateway();
        var chunks = await gateway.ChatAsync("""
            "stream":true,"n":2,"best_of_n":{"n":4,"return":"scores"}
            """).ChunksAsync();
        Assert.Equal(("dddd", "ccc"), (chunks.Text(0), chunks.Text(1)));
        Assert.NotNull(chunks[^1]["best_of_n"]);
        Assert.Equal([0, 1], chunks.Where(chunk => chunk["choices"]![0]!["delta"]!["role"] is not null)
            .Select(chunk => (int)chunk["choices"]![0]!["index"]!));
    }

    [Fact]
    public async Task Tool_calls_are_streamed_as_they_were_made()
    {
        const string Message = """{"role":"assistant","content":"Let me see.","refusal":null,"tool_calls":["""
            + """{"id":"call_9","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]}""";
        await using var gateway = new TestGateway(
            new FakeGenerator(new FakeCandidate("Let me see.") { Message = Message, FinishReason = "tool_calls" }), relays: true);
        var chunks = await gateway.ChatAsync("\"stream\":true").ChunksAsync();

        Assert.Equal("Let me see.", chunks.Text());
        var call = chunks.Select(chunk => chunk["choices"]![0]!["delta"]!["tool_calls"]).OfType<JsonArray>().Single()[0]!;
        Assert.Equal(
            """{"index":0,"id":"call_9","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}""",
            call.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal("tool_calls", (string?)chunks[^1]["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task Log_probabilities_come_with_the_text_they_belong_to()
    {
        const string Logprobs = """{"content":[{"token":"4","logprob":-0.1,"bytes":[52],"top_logprobs":[]}],"refusal":null}""";
        await using var gateway = new TestGateway(new FakeGenerator(new FakeCandidate("4") { Logprobs = Logprobs }));
        var chunks = await gateway.ChatAsync("\"stream\":true,\"logprobs\":true,\"best_of_n\":1").ChunksAsync();
        var chunk = chunks.Single(each => each["choices"]![0]!["logprobs"] is not null);
        Assert.Equal("4", (string?)chunk["choices"]![0]!["delta"]!["content"]);
    }

    [Fact]
    public async Task A_single_candidate_is_passed_on_as_it_is_made()
    {
        var end = new TaskCompletionSource();
        await using var gateway = new TestGateway(new FakeGenerator(new FakeCandidate("It is four") { Gate = end.Task }));
        using var response = await gateway.SendStreamAsync("\"best_of_n\":1");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestGateway.Cancellation));

        var text = "";
        while (text != "It is four")
        {
            var line = await lines.ReadLineAsync(TestGateway.Cancellation);
            text += line is { Length: > 0 } ? (string?)JsonNode.Parse(line["data: ".Length..])!["choices"]![0]!["delta"]!["content"] : "";
        }

        end.SetResult();
        var rest = await lines.ReadToEndAsync(TestGateway.Cancellation);
        Assert.DoesNotContain("content", rest, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_stays_alive_with_comments_while_candidates_are_made()
    {
        var time = new WatchedTime();
        var end = new TaskCompletionSource();
        var generator = new FakeGenerator(new FakeCandidate("four") { Gate = end.Task });
        await using var gateway = new TestGateway(generator, time: time, settings: ("BestOfN:KeepAliveInterval", "00:00:03"));
        var sending = gateway.SendStreamAsync("\"best_of_n\":2");
        await time.WaitsForAsync(TimeSpan.FromSeconds(3));
        time.Advance(TimeSpan.FromSeconds(3));

        using var response = await sending;
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestGateway.Cancellation));
        Assert.Contains("\"role\":\"assistant\"", await lines.ReadLineAsync(TestGateway.Cancellation), StringComparison.Ordinal);
        Assert.Equal("", await lines.ReadLineAsync(TestGateway.Cancellation));
        Assert.StartsWith(":", await lines.ReadLineAsync(TestGateway.Cancellation), StringComparison.Ordinal);
        Assert.Equal("requested=2", response.Headers.GetValues("X-Best-Of-N").Single());

        end.SetResult();
        Assert.EndsWith("data: [DONE]\n\n", await lines.ReadToEndAsync(TestGateway.Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_before_the_stream_has_begun_has_its_own_status()
    {
        await using var gateway = new TestGateway(new FakeGenerator(FakeCandidate.Failing("It broke.")));
        await gateway.ChatAsync("\"stream\":true").ErrorAsync(HttpStatusCode.BadGateway);
    }

    [Fact]
    public async Task An_upstream_that_is_asked_again_for_long_still_gives_the_stream_its_status_and_when_to_come_back()
    {
        var time = new WatchedTime();
        var end = new TaskCompletionSource();
        var failure = new GenerationFailedException(
            new Failure(FailureKind.Overloaded, "Slow down.") { RetryAfter = TimeSpan.FromSeconds(7), Upstream = new(429) });
        var generator = new FakeGenerator(new FakeCandidate("") { Failure = failure, Gate = end.Task });
        await using var gateway = new TestGateway(generator, time: time, settings: ("BestOfN:KeepAliveInterval", "00:00:03"));
        var sending = gateway.ChatAsync("\"best_of_n\":1,\"stream\":true");
        await time.WaitsForAsync(TimeSpan.FromSeconds(3));
        generator.Requests[0].OnRetry!(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.False(sending.IsCompleted);
        end.SetResult();

        using var response = await sending;

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(7, response.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
    }

    [Fact]
    public async Task A_failure_after_that_is_an_error_event_without_an_end_mark()
    {
        var failure = FakeCandidate.Failing("It broke.") with { Text = "It is" };
        await using var gateway = new TestGateway(new FakeGenerator(failure));
        var events = await gateway.ChatAsync("\"stream\":true,\"best_of_n\":1").EventsAsync();

        Assert.Equal("error", events[^1].EventType);
        Assert.Equal("It broke.", (string?)JsonNode.Parse(events[^1].Data)!["error"]!["message"]);
        Assert.DoesNotContain(events, item => item.Data is "[DONE]");
    }

    [Fact]
    public async Task A_client_that_hangs_up_ends_all_its_work()
    {
        var generator = FakeGenerator.Answering("a").ThenHanging("b");
        var reward = FakeRewardModel.ByLength();
        await using var gateway = new TestGateway(generator, reward);
        using var client = new CancellationTokenSource();
        var sending = gateway.RawClient.PostAsync(
            "/v1/chat/completions", TestGateway.Json(TestGateway.Chat("\"best_of_n\":2")), client.Token);

        await generator.Hung.WaitAsync(TestGateway.Cancellation);
        await client.CancelAsync();
        await generator.Ended.WaitAsync(TestGateway.Cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }
}
