using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Core.Generation;
using BestOfN.Protocols.OpenAI;
using BestOfN.Testing.Upstream;

namespace BestOfN.Protocols.Tests.OpenAI;

/// <summary>
/// What odd servers send, byte for byte, and the message that comes of it: whole, and put together from the pieces that a client is shown.
/// </summary>
public sealed class StreamedMessageTests
{
    [Fact]
    public async Task Tool_calls_without_an_index_are_told_apart_by_their_ids()
    {
        await StreamsAsync(
            """[{"id":"call_a","type":"function","function":{"name":"get_weather","arguments":""}},"""
                + """{"id":"call_b","type":"function","function":{"name":"get_time","arguments":"{}"}}]""",
            Calls("""{"id":"call_a","type":"function","function":{"name":"get_weather","arguments":""}}"""),
            Calls("""{"id":"call_b","type":"function","function":{"name":"get_time","arguments":"{}"}}"""));
    }

    [Fact]
    public async Task Pieces_of_a_tool_call_without_index_and_id_go_on_with_the_last_call()
    {
        await StreamsAsync(
            """[{"id":"call_a","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"}}]""",
            Calls("""{"id":"call_a","type":"function","function":{"name":"get_weather","arguments":""}}"""),
            Calls("""{"function":{"arguments":"{\"city\":"}}"""),
            Calls("""{"index":null,"id":"","function":{"arguments":"\"Paris\"}"}}"""));
    }

    [Fact]
    public async Task Tool_calls_that_all_have_index_0_are_told_apart_by_their_ids()
    {
        await StreamsAsync(
            """[{"id":"call_a","type":"function","function":{"name":"get_weather","arguments":"{\"city\":1}"}},"""
                + """{"id":"call_b","type":"function","function":{"name":"get_time","arguments":"{\"tz\":2}"}}]""",
            Calls("""{"index":0,"id":"call_a","type":"function","function":{"name":"get_weather","arguments":"{\"city\":"}}"""),
            Calls("""{"index":0,"function":{"arguments":"1}"}}"""),
            Calls("""{"index":0,"id":"call_b","type":"function","function":{"name":"get_time","arguments":"{\"tz\":"}}"""),
            Calls("""{"index":0,"function":{"arguments":"2}"}}"""));
    }

    [Fact]
    public async Task Complete_tool_calls_without_index_and_id_are_one_each()
    {
        await StreamsAsync(
            """[{"function":{"name":"get","arguments":"{\"a\":1}"}},{"function":{"name":"get","arguments":"{\"a\":2}"}},"""
                + """{"function":{"name":"put","arguments":"{}"}}]""",
            Calls("""{"function":{"name":"get","arguments":"{\"a\":1}"}},{"function":{"name":"get","arguments":"{\"a\":2}"}}"""),
            Calls("""{"function":{"name":"put","arguments":"{}"}}"""));
    }

    [Fact]
    public async Task Ids_and_names_that_are_repeated_or_made_anew_with_every_piece_come_once()
    {
        await StreamsAsync(
            """[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":1}"}}]""",
            Calls("""{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"ci"}}"""),
            Calls("""{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"ty\""}}"""),
            Calls("""{"index":0,"id":"call_2","type":"function","function":{"name":null,"arguments":":1}"}}"""));
    }

    [Fact]
    public async Task Calls_of_custom_tools_are_put_together()
    {
        await StreamsAsync(
            """[{"id":"call_a","type":"custom","custom":{"name":"shell","input":"ls -l"}}]""",
            Calls("""{"index":0,"id":"call_a","type":"custom","custom":{"name":"shell","input":"ls"}}"""),
            Calls("""{"index":0,"custom":{"input":" -l"}}"""));
    }

    [Fact]
    public async Task A_call_in_the_older_form_is_put_together()
    {
        var message = await MessageAsync(
            Delta("""{"role":"assistant","content":null,"function_call":{"name":"get_weather","arguments":""}}"""),
            Delta("""{"function_call":{"arguments":"{\"city\":"}}"""), Delta("""{"function_call":{"arguments":"1}"}}"""),
            Finish("function_call"));

        Same("""{"name":"get_weather","arguments":"{\"city\":1}"}""", message["function_call"]);
    }

    [Fact]
    public async Task A_whole_answers_tool_calls_bear_no_index()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Fault.Answering(
            200,
            """{"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"index":null"""
                + ""","id":"a","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}]}"""
                + ""","finish_reason":"tool_calls"}]}""");
        using var generator = new GeneratorUnderTest(upstream);

        var message = JsonNode.Parse((await generator.RunAsync(1)).Finished[0].Message.Span)!;

        Same(
            """[{"id":"a","function":{"name":"f","arguments":"{}"}},{"id":"b","function":{"name":"f","arguments":"{}"}}]""",
            message["tool_calls"]);
    }

    [Theory]
    [InlineData("""[{"type":"thinking","thinking":[{"type":"text","text":"hm, yes"}]},{"type":"text","text":"The answer is London"}]""",
        """{"content":""}""", """{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm,"}]}]}""",
        """{"content":[{"type":"thinking","thinking":[{"type":"text","text":" yes"}]}]}""", """{"content":"The answer is "}""",
        """{"content":"London"}""", """{"content":""}""")]
    [InlineData("""[{"type":"thinking","thinking":"hm"},{"type":"text","text":"The answer is London"}]""",
        """{"content":[{"type":"thinking","thinking":"hm"}]}""", """{"content":[{"type":"text","text":"The answer is "}]}""",
        """{"content":[{"type":"text","text":"London"}]}""")]
    [InlineData(
        """[{"type":"text","text":"The answer is London"}]""", """{"content":"The answer "}""",
        """{"content":[{"type":"text","text":"is London"}]}""")]
    public async Task Content_that_changes_between_parts_and_strings_loses_nothing(string content, params string[] deltas)
    {
        var outcome = await RunAsync([.. deltas.Select(Delta), Finish("stop")]);

        Same(content, JsonNode.Parse(outcome.Finished[0].Message.Span)!["content"]);
        Assert.Equal("The answer is London", outcome.TextOf(0));
        Assert.Equal("The answer is London", outcome.DeltasOf(0));
    }

    [Fact]
    public async Task Details_of_reasoning_keep_their_formats_and_indices()
    {
        var message = await MessageAsync(
            Delta("""{"reasoning":"Let","reasoning_details":["""
                + """{"type":"reasoning.text","text":"Let","format":"anthropic-claude-v1","index":0}]}"""),
            Delta("""{"reasoning":" me","reasoning_details":[{"type":"reasoning.text","text":" """
                + """me","format":"anthropic-claude-v1","index":0}]}"""),
            Delta("""{"reasoning":null,"reasoning_details":["""
                + """{"type":"reasoning.text","signature":"SIG==","format":"anthropic-claude-v1","index":0}]}"""),
            Delta("""{"reasoning_details":["""
                + """{"type":"reasoning.encrypted","data":"ENC==","id":"rs_1","format":"openai-responses-v1","index":0}]}"""),
            Finish("stop"));

        Assert.Equal("Let me", (string?)message["reasoning"]);
        Same(
            """[{"type":"reasoning.text","text":"Let me","format":"anthropic-claude-v1","index":0,"signature":"SIG=="},"""
                + """{"type":"reasoning.encrypted","data":"ENC==","id":"rs_1","format":"openai-responses-v1","index":0}]""",
            message["reasoning_details"]);
    }

    [Fact]
    public async Task What_a_server_repeats_with_every_piece_comes_once_and_what_it_replaces_is_the_last()
    {
        var outcome = await RunAsync(
            Delta("""{"content":"An","name":"MM","sender_type":"BOT","state":"searching"}"""),
            Delta("""{"content":"swer","name":"MM","sender_type":"BOT","state":"done"}"""), Finish("stop"));

        Same(
            """{"role":"assistant","content":"Answer","refusal":null,"name":"MM","sender_type":"BOT","state":"done"}""",
            JsonNode.Parse(outcome.Finished[0].Message.Span));
        Assert.Equal(
            """{"content":"swer","state":"done"}""",
            Encoding.UTF8.GetString(outcome.Events.OfType<CandidateDelta>().ElementAt(1).Piece!.Delta.Span));
    }

    [Fact]
    public async Task The_only_candidate_is_shown_piece_by_piece_in_the_upstreams_order()
    {
        const string Logprobs = """{"content":[{"token":"4","logprob":-0.10,"bytes":[52],"top_logprobs":[]}],"refusal":null}""";
        var outcome = await RunAsync(
            Delta("""{"role":"assistant","content":null}"""), Delta("""{"reasoning_content":"Let me"}"""),
            Delta("""{"reasoning_content":" think"}"""),
            $$$"""data: {"id":"up-1","system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":"4"},"logprobs":{{{Logprobs}}}"""
                + ""","content_filter_results":{}}]}""",
            Delta("""{"refusal":"no"}"""), Delta("""{"x_new":{"a":[1]}}"""),
            """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop","stop_reason":"###"}]}""");

        var pieces = outcome.Events.OfType<CandidateDelta>().Select(delta => delta.Piece!).ToList();
        Assert.Equal(
            ["""{"reasoning_content":"Let me"}""", """{"reasoning_content":" think"}""", """{"content":"4"}""", """{"refusal":"no"}""",
                """{"x_new":{"a":[1]}}"""],
            pieces.Select(piece => Encoding.UTF8.GetString(piece.Delta.Span)));
        Assert.Equal(Logprobs, Encoding.UTF8.GetString(pieces[2].Logprobs.Span));
        Assert.Equal(["content_filter_results"], pieces[2].ChoiceFields.Keys);
        Assert.Equal(["id", "system_fingerprint"], pieces[2].AnswerFields.Keys);
        Assert.Equal("###", outcome.Finished[0].ChoiceFields["stop_reason"].GetString());
        Assert.Equal("fp", outcome.Finished[0].AnswerFields["system_fingerprint"].GetString());
    }

    [Theory]
    [InlineData("data:")]
    [InlineData("data: ping")]
    [InlineData("event: ping\ndata: ping")]
    [InlineData("event: ping\ndata: {\"type\":\"ping\"}")]
    [InlineData(": comment")]
    [InlineData("data: null")]
    [InlineData("data: []")]
    [InlineData("data: {\"choices\":null}")]
    [InlineData("data: {\"choices\":[null]}")]
    [InlineData("data: {\"choices\":[{\"index\":null,\"delta\":null}]}")]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":null,\"function_call\":null}}]}")]
    public async Task An_event_that_says_nothing_ends_no_answer(string odd)
    {
        var outcome = await RunAsync(
            odd, """data: {"choices":[{"index":null,"delta":{"content":"Hel"}}]}""", odd, Delta("""{"content":"lo"}"""), odd,
            Finish("stop"), odd, "data: [DONE] ");

        Assert.Equal("Hello", outcome.TextOf(0));
        Assert.Equal("Hello", outcome.DeltasOf(0));
    }

    [Theory]
    [InlineData("Text/Event-Stream;charset=UTF-8")]
    [InlineData("text/plain; charset=utf-8")]
    [InlineData("application/json")]
    public async Task A_stream_is_known_whatever_its_media_type(string contentType)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Fault.Answering(
            200, $"\n: hello\n\n{Delta("""{"content":"Hello"}""")}\n\n{Finish("stop")}\n\ndata: [DONE]\n\n", contentType);
        using var generator = new GeneratorUnderTest(upstream);

        Assert.Equal("Hello", (await generator.RunAsync(1)).TextOf(0));
    }

    [Fact]
    public async Task An_upstream_is_asked_not_to_compress_and_understood_where_it_does()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes($"{Delta("""{"content":"Hello"}""")}\n\n{Finish("stop")}\n\ndata: [DONE]\n\n"));
        }

        upstream.Always = Fault.Compressed(bytes.ToArray());
        using var generator = new GeneratorUnderTest(upstream);

        Assert.Equal("Hello", (await generator.RunAsync(1)).TextOf(0));
        Assert.Equal("identity", upstream.Requests[0].Headers["Accept-Encoding"]);
    }

    [Theory]
    [InlineData("""{"content":"Hello"}""", "stop")]
    [InlineData("""{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}""", "tool_calls")]
    [InlineData("""{"function_call":{"name":"f","arguments":"{}"}}""", "function_call")]
    public async Task A_complete_answer_without_a_finish_reason_is_taken(string delta, string reason)
    {
        var streamed = await RunAsync(Delta(delta), "data: [DONE]");
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Fault.Answering(200, $$"""{"choices":[{"index":0,"message":{{delta}},"finish_reason":null}]}""");
        using var generator = new GeneratorUnderTest(upstream);
        var whole = await generator.RunAsync(1);

        Assert.Equal(reason, Assert.Single(streamed.Finished).FinishReason);
        Assert.Equal(reason, Assert.Single(whole.Finished).FinishReason);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Content_after_a_finish_reason_belongs_to_the_choice(int candidates)
    {
        string[] deltas = ["""{"content":"Hel"}""", """{"content":"lo"}""",
            """{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}"""];
        var events = deltas.SelectMany(delta => Enumerable.Range(0, candidates)
            .Select(index => $$"""data: {"choices":[{"index":{{index}},"delta":{{delta}},"finish_reason":"stop"}]}"""));
        var outcome = await RunAsync(candidates, [.. events, "data: [DONE]"]);

        Assert.Equal(candidates, outcome.Finished.Count);
        Assert.All(outcome.Finished, candidate =>
        {
            Assert.Equal("Hello", candidate.Text);
            Assert.Contains("\"id\":\"c\"", Encoding.UTF8.GetString(candidate.Message.Span), StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\n\n\n")]
    public async Task Events_that_are_parted_by_a_single_line_break_are_read(string lineBreak)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        string[] events = [Delta("""{"content":"Hello"}"""), Delta("""{"content":" world"}"""), Finish("length"), "data: [DONE]"];
        upstream.Always = Fault.Answering(200, string.Concat(events.Select(each => each + lineBreak)), "text/event-stream");
        using var generator = new GeneratorUnderTest(upstream);

        var candidate = Assert.Single((await generator.RunAsync(1)).Finished);

        Assert.Equal(("Hello world", "length"), (candidate.Text, candidate.FinishReason));
    }

    [Fact]
    public async Task An_event_of_several_lines_is_one()
    {
        const string Torn =
            "data: {\"choices\":\ndata: [{\"index\":0,\"delta\":\ndata: {\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}";

        Assert.Equal("Hello", (await RunAsync(Torn)).TextOf(0));
    }

    [Theory]
    [InlineData("\"0\"", "\"1\"")]
    [InlineData("0.0", "1.0")]
    public async Task Choices_whose_index_is_written_oddly_are_told_apart(string first, string second)
    {
        var outcome = await RunAsync(2, [Odd(first, "one"), Odd(second, "two"), "data: [DONE]"]);

        Assert.Equal(["one", "two"], outcome.Finished.Select(candidate => candidate.Text));

        static string Odd(string index, string text) =>
            $$$"""data: {"choices":[{"index":{{{index}}},"delta":{"content":"{{{text}}}"},"finish_reason":"stop"}]}""";
    }

    [Fact]
    public async Task A_whole_answer_that_holds_a_delta_in_the_place_of_a_message_is_read()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Fault.Answering(200, """{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}""");
        using var generator = new GeneratorUnderTest(upstream);

        Assert.Equal("Hello", (await generator.RunAsync(1)).TextOf(0));
    }

    [Fact]
    public async Task A_whole_answer_without_a_message_is_a_failure_and_no_empty_answer()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Fault.Answering(200, """{"choices":[{"index":0,"text":"Hello","finish_reason":"stop"}]}""");
        using var generator = new GeneratorUnderTest(upstream);

        var outcome = await generator.RunAsync(1);

        Assert.Empty(outcome.Finished);
        Assert.Equal("The upstream's answer is not a chat completion.", Assert.Single(outcome.Failed).Exception.Message);
    }

    [Theory]
    [InlineData("""{"index":0,"delta":{},"finish_reason":"error"}""", "The upstream ended the answer with an error.")]
    [InlineData("""{"index":0,"finish_reason":"error","error":{"code":502,"message":"The provider died"}}""", "The provider died")]
    [InlineData("""{"index":0,"error":"The provider died"}""", "The provider died")]
    public async Task A_choice_that_ends_with_an_error_is_lost_and_its_siblings_are_not(string choice, string words)
    {
        const string Good = """data: {"choices":[{"index":1,"delta":{"content":"good"},"finish_reason":"stop"}]}""";
        var outcome = await RunAsync(2, [Delta("""{"content":"Hal"}"""), $$$"""data: {"choices":[{{{choice}}}]}""", Good, "data: [DONE]"]);

        Assert.Equal("good", Assert.Single(outcome.Finished).Text);
        var failed = Assert.Single(outcome.Failed);
        Assert.Equal((0, words, (int?)502), (failed.Index, failed.Exception.Message, failed.Exception.Failure.Upstream?.Status));
    }

    [Fact]
    public async Task A_whole_message_in_a_stream_is_taken_once()
    {
        const string Whole = """data: {"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"}"""
            + ""","finish_reason":"stop","usage":{"prompt_tokens":5,"completion_tokens":3}}]}""";
        var alone = await RunAsync(Whole, "data: [DONE]");
        var beside = await RunAsync("""data: {"choices":[{"index":0,"delta":{"content":"Hello"}"""
            + ""","message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}""", Whole, "data: [DONE]");

        Assert.Equal(("Hello", "Hello"), (alone.TextOf(0), beside.TextOf(0)));
        Assert.Equal(new TokenUsage(5, 3), alone.Finished[0].Usage);
    }

    [Fact]
    public async Task An_answer_nested_more_deeply_than_64_levels_is_read()
    {
        var deep = $"{new string('[', 100)}{new string(']', 100)}";
        var message = await MessageAsync(Delta($$"""{"content":"a","x_deep":{{deep}}}"""), Finish("stop"));

        Assert.NotNull(message["x_deep"]);
    }

    private static string Delta(string delta) => $$"""data: {"choices":[{"index":0,"delta":{{delta}},"finish_reason":null}]}""";

    private static string Calls(string calls) => Delta($$"""{"tool_calls":[{{calls}}]}""");

    private static string Finish(string reason) => $$"""data: {"choices":[{"index":0,"delta":{},"finish_reason":"{{reason}}"}]}""";

    private static async Task<GeneratorUnderTest.Outcome> RunAsync(int candidates, string[] events)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("unused");
        upstream.Always = Fault.Answering(200, string.Concat(events.Select(each => each + "\n\n")), "text/event-stream");
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);
        return await generator.RunAsync(candidates);
    }

    private static Task<GeneratorUnderTest.Outcome> RunAsync(params string[] events) => RunAsync(1, events);

    private static async Task<JsonNode> MessageAsync(params string[] events) =>
        JsonNode.Parse((await RunAsync(events)).Finished[0].Message.Span, documentOptions: new() { MaxDepth = 256 })!;

    /// <summary>The calls come out right in the message, and for one who joins the pieces as OpenAI's clients do.</summary>
    private static async Task StreamsAsync(string calls, params string[] events)
    {
        var outcome = await RunAsync([.. events, Finish("tool_calls")]);

        Same(calls, JsonNode.Parse(Assert.Single(outcome.Finished).Message.Span)!["tool_calls"]);
        SortedDictionary<int, JsonObject> joined = [];
        foreach (var piece in outcome.Events.OfType<CandidateDelta>()
            .SelectMany(delta => JsonNode.Parse(delta.Piece!.Delta.Span)!["tool_calls"]!.AsArray()))
        {
            var index = (int)piece!["index"]!;
            piece.AsObject().Remove("index");
            joined[index] = joined.TryGetValue(index, out var call) ? Join(call, piece.AsObject()) : piece.DeepClone().AsObject();
        }

        Same(calls, new JsonArray([.. joined.Values]));
    }

    private static JsonObject Join(JsonObject call, JsonObject piece)
    {
        foreach (var (name, value) in piece.ToList())
        {
            call[name] = (call[name], value) switch
            {
                (JsonObject inner, JsonObject more) => Join(inner.DeepClone().AsObject(), more),
                (JsonValue text, JsonValue more) => (string?)text + (string?)more,
                _ => value?.DeepClone(),
            };
        }

        return call;
    }

    private static void Same(string expected, JsonNode? actual) =>
        Assert.True(
            JsonNode.DeepEquals(JsonNode.Parse(expected), actual),
            $"Expected {expected}, but got {actual?.ToJsonString(new JsonSerializerOptions { MaxDepth = 256 })}");
}
