using System.Text;
using System.Text.Json;
using BestOfN.Core.Generation;
using BestOfN.Protocols.OpenAI;
using BestOfN.Testing.Upstream;
using Microsoft.Extensions.Time.Testing;

namespace BestOfN.Protocols.Tests.OpenAI;

public sealed class OpenAIGeneratorTests
{
    private const string Body =
        """{"model":"alias@8", "n":2,"messages":[{"role":"user","content":"caf\u00e9 \ud83d\ude00 <é>"} ],"temperature":0.70"""
            + ""","best_of_n":{"n":8},"response_format":{"type":"json_object"},"stream":false,"stream_options":{"include_usage":false}"""
            + ""","seed":5,"tools":[],"vendor_x":{"a":[1, 2]}}""";

    public static TheoryData<ChoiceCalls> BothWays => [ChoiceCalls.SingleCall, ChoiceCalls.MultipleCalls];

    [Theory, MemberData(nameof(BothWays))]
    public async Task Makes_n_different_candidates(ChoiceCalls calls)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two", "three", "four");
        using var generator = new GeneratorUnderTest(upstream, calls);

        var outcome = await generator.RunAsync(4);

        Assert.Equal(["four", "one", "three", "two"], outcome.Finished.Select(c => c.Text).Order());
        Assert.Equal([0, 1, 2, 3], outcome.Finished.Select(c => c.Index));
        Assert.Equal(calls is ChoiceCalls.SingleCall ? 1 : 4, upstream.Requests.Count);
        Assert.Equal(0, generator.Destinations.Busy);
    }

    [Theory, MemberData(nameof(BothWays))]
    public async Task Every_candidate_gets_the_clients_own_bytes_but_for_what_best_of_n_replaces(ChoiceCalls calls)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two", "three");
        using var generator = new GeneratorUnderTest(upstream, calls);

        await generator.RunAsync(3, Body, seed: 5);

        Assert.All(upstream.Requests, request =>
        {
            Assert.EndsWith(
                ""","messages":[{"role":"user","content":"caf\u00e9 \ud83d\ude00 <é>"} ],"temperature":0.70"""
                    + ""","response_format":{"type":"json_object"},"tools":[],"vendor_x":{"a":[1, 2]}}""", request.Body,
                    StringComparison.Ordinal);
            Assert.Equal("fake", request.Json.GetProperty("model").GetString());
            Assert.True(request.Json.GetProperty("stream").GetBoolean());
            Assert.True(request.Json.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
            Assert.False(request.Json.TryGetProperty("best_of_n", out _));
            Assert.Equal(request.Json.EnumerateObject().Count(), request.Json.EnumerateObject().Select(p => p.Name).Distinct().Count());
        });
    }

    [Fact]
    public async Task Separate_calls_move_the_seed_by_the_candidates_index()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two", "three");
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.MultipleCalls);

        var outcome = await generator.RunAsync(3, Body, seed: 30);

        Assert.Equal([30, 31, 32], upstream.Requests.Select(r => r.Json.GetProperty("seed").GetInt64()).Order());
        Assert.Equal(["one", "two", "three"], outcome.Finished.Select(c => c.Text));
        Assert.All(upstream.Requests, request => Assert.False(request.Json.TryGetProperty("n", out _)));
    }

    [Fact]
    public async Task One_call_sends_the_seed_as_it_is()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two", "three");
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);

        await generator.RunAsync(3, Body, seed: 5);

        var request = Assert.Single(upstream.Requests).Json;
        Assert.Equal(5, request.GetProperty("seed").GetInt64());
        Assert.Equal(3, request.GetProperty("n").GetInt32());
    }

    [Theory, MemberData(nameof(BothWays))]
    public async Task Sends_no_seed_where_none_was_given(ChoiceCalls calls)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two");
        using var generator = new GeneratorUnderTest(upstream, calls);

        await generator.RunAsync(2, """{"messages":[],"seed":null}""");

        Assert.All(upstream.Requests, request => Assert.False(request.Json.TryGetProperty("seed", out _)));
    }

    [Fact]
    public async Task Without_a_clients_body_the_prompt_and_the_sampling_are_written_out()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one");
        using var generator = new GeneratorUnderTest(upstream);
        var request = GeneratorUnderTest.Request(1) with
        {
            Sampling = new()
            {
                Temperature = 0.5,
                TopP = 0.9,
                TopK = 40,
                MinP = 0.05,
                FrequencyPenalty = 1,
                PresencePenalty = -1,
                MaxTokens = 9,
                Seed = 3,
                Stop = ["\n"],
                Logprobs = true,
                TopLogprobs = 2,
            },
        };

        await generator.RunAsync(request);

        Assert.Equal(
            """{"model":"fake","seed":3,"stream":true,"stream_options":{"include_usage":true},"max_tokens":9,"messages":["""
                + """{"role":"user","content":"Hi"}],"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.05,"frequency_penalty":1"""
                + ""","presence_penalty":-1,"stop":["\n"],"logprobs":true,"top_logprobs":2}""",
            Assert.Single(upstream.Requests).Body);
    }

    [Theory]
    [InlineData(ChoiceSupport.Refuses)]
    [InlineData(ChoiceSupport.Ignores)]
    public async Task An_upstream_that_makes_one_choice_is_asked_n_times_and_remembered(ChoiceSupport choices)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two", "three", "four");
        upstream.Choices = choices;
        using var generator = new GeneratorUnderTest(upstream);

        var first = await generator.RunAsync(4);
        var callsOfTheFirst = upstream.Requests.Count;
        var second = await generator.RunAsync(4);

        Assert.Equal(["four", "one", "three", "two"], first.Finished.Select(c => c.Text).Order());
        Assert.Equal(["four", "one", "three", "two"], second.Finished.Select(c => c.Text).Order());
        Assert.Equal(choices is ChoiceSupport.Refuses ? 5 : 4, callsOfTheFirst); // ignored: the one made is not thrown away
        Assert.Equal(4, upstream.Requests.Count - callsOfTheFirst);
    }

    [Fact]
    public async Task More_choices_than_slots_are_split_and_the_size_is_remembered()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("a", "b", "c", "d", "e", "f", "g", "h");
        (upstream.Choices, upstream.Slots) = (ChoiceSupport.Slots, 3);
        using var generator = new GeneratorUnderTest(upstream);

        var first = await generator.RunAsync(8);
        var callsOfTheFirst = upstream.Requests.Count;
        await generator.RunAsync(8);

        Assert.Equal(["a", "b", "c", "d", "e", "f", "g", "h"], first.Finished.Select(c => c.Text).Order());
        Assert.Equal(1 + 2 + 4, callsOfTheFirst); // 8, 4 + 4, 2 + 2 + 2 + 2
        Assert.Equal([2, 2, 2, 2], upstream.Requests.Skip(callsOfTheFirst).Select(r => r.Json.GetProperty("n").GetInt32()));
    }

    [Fact]
    public async Task What_is_learnt_about_one_model_says_nothing_about_another()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two");
        upstream.Choices = ChoiceSupport.Refuses;
        using var generator = new GeneratorUnderTest(upstream);
        await generator.RunAsync(2);
        upstream.Choices = ChoiceSupport.Makes;

        await generator.RunAsync(GeneratorUnderTest.Request(2) with { Model = "other" });

        Assert.Equal(2, upstream.Requests[^1].Json.GetProperty("n").GetInt32());
    }

    [Fact]
    public async Task A_refusal_for_another_reason_is_final_and_teaches_nothing()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two");
        upstream.Next(Fault.Status(400, "temperature must be at most 2"));
        using var generator = new GeneratorUnderTest(upstream);

        var refused = await generator.RunAsync(2);
        var accepted = await generator.RunAsync(2);

        Assert.Equal(2, refused.Failed.Count);
        Assert.All(refused.Failed, failed =>
        {
            Assert.Equal(400, failed.Exception.Failure.Upstream?.Status);
            Assert.Equal("temperature must be at most 2", failed.Exception.Message);
            Assert.Contains(
                "temperature must be at most 2", Encoding.UTF8.GetString(failed.Exception.Failure.Upstream!.Body.Span),
                StringComparison.Ordinal);
        });
        Assert.Equal(2, accepted.Finished.Count);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task Configured_to_one_call_a_refusal_is_not_worked_around()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one", "two");
        upstream.Choices = ChoiceSupport.Refuses;
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);

        Assert.Equal(2, (await generator.RunAsync(2)).Failed.Count);
        Assert.Single(upstream.Requests);

        upstream.Choices = ChoiceSupport.Ignores;
        var outcome = await generator.RunAsync(2);
        Assert.Single(outcome.Finished);
        Assert.Equal("The upstream made 1 of 2 choices.", Assert.Single(outcome.Failed).Exception.Message);
    }

    [Fact]
    public async Task Deltas_arrive_while_the_answer_is_still_being_made()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("Hel", "lo", "!") with { HangsAfter = 2 });
        using var generator = new GeneratorUnderTest(upstream);
        await using var generation = generator.Start(GeneratorUnderTest.Request(1));
        await using var events = generation.Events.GetAsyncEnumerator(TestContext.Current.CancellationToken);

        Assert.True(await events.MoveNextAsync());
        Assert.Equal("Hel", Assert.IsType<CandidateDelta>(events.Current).Text);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("lo", Assert.IsType<CandidateDelta>(events.Current).Text);
        upstream.GoOn();
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("!", Assert.IsType<CandidateDelta>(events.Current).Text);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("Hello!", Assert.IsType<CandidateFinished>(events.Current).Candidate.Text);
        Assert.False(await events.MoveNextAsync());
    }

    [Fact]
    public async Task A_finished_choice_is_announced_while_its_siblings_are_still_being_made()
    {
        var time = new FakeTimeProvider();
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Saying("short"), ScriptedAnswer.Saying("long", "er") with { HangsAfter = 1 });
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall, time: time);
        await using var generation = generator.Start(GeneratorUnderTest.Request(2, seed: 0));
        await using var events = generation.Events.GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await events.MoveNextAsync());
        Assert.True(await events.MoveNextAsync());

        var next = events.MoveNextAsync().AsTask();
        while (!next.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.True(await next);
        Assert.Equal("short", Assert.IsType<CandidateFinished>(events.Current).Candidate.Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Text_of_any_script_survives_awkward_streams(bool awkwardly)
    {
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Sending(
                """{"content":"Zürich "}""", """{"content":"日本 😀"}""", """{"content":" \ud83d"}""", """{"content":"\ude00\n\"ok\""}"""));
        upstream.StreamsAwkwardly = awkwardly;
        using var generator = new GeneratorUnderTest(upstream);

        var outcome = await generator.RunAsync(1);

        const string Expected = "Zürich 日本 😀 😀\n\"ok\"";
        Assert.Equal(Expected, outcome.DeltasOf(0));
        Assert.Equal(Expected, outcome.TextOf(0));
        Assert.Equal(Expected, JsonDocument.Parse(outcome.Finished[0].Message).RootElement.GetProperty("content").GetString());
        Assert.All(outcome.Events.OfType<CandidateDelta>(), delta => Assert.False(char.IsHighSurrogate(delta.Text[^1])));
    }

    [Fact]
    public async Task Tool_calls_are_put_together_by_index()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Sending(
            """{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}""",
            """{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"time","arguments":"{"}}]}""",
            """{"tool_calls":[{"index":0,"function":{"arguments":"\"Bern\"}"}},{"index":1"""
                + ""","id":"call_2","type":"function","function":{"name":"time","arguments":"}"}}]}""") with
        { FinishReason = "tool_calls" });
        using var generator = new GeneratorUnderTest(upstream);

        var candidate = Assert.Single((await generator.RunAsync(1)).Finished);

        Assert.Equal(
            """{"role":"assistant","content":null,"refusal":null,"tool_calls":["""
                + """{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Bern\"}"}},"""
                + """{"id":"call_2","type":"function","function":{"name":"time","arguments":"{}"}}]}""",
            Encoding.UTF8.GetString(candidate.Message.Span));
        Assert.Equal("tool_calls", candidate.FinishReason);
        Assert.Equal("", candidate.Text);
    }

    [Fact]
    public async Task Refusals_and_fields_that_nobody_knows_are_kept()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Sending(
            """{"reasoning_content":"Let me "}""", """{"reasoning_content":"think.","x_flag":true}""",
            """{"refusal":"I "}""", """{"refusal":"won't","annotations":[{"type":"url_citation","n":1.50}]}""",
            """{"annotations":[{"type":"b"}]}"""));
        using var generator = new GeneratorUnderTest(upstream);

        var candidate = Assert.Single((await generator.RunAsync(1)).Finished);

        Assert.Equal(
            """{"role":"assistant","content":null,"refusal":"I won't","reasoning_content":"Let me think.","x_flag":true,"annotations":["""
                + """{"type":"url_citation","n":1.50},{"type":"b"}]}""",
            Encoding.UTF8.GetString(candidate.Message.Span));
    }

    [Theory]
    [InlineData("stop")]
    [InlineData("length")]
    [InlineData("content_filter")]
    public async Task The_finish_reason_is_the_upstreams(string reason)
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("a") with { FinishReason = reason });
        using var generator = new GeneratorUnderTest(upstream);

        Assert.Equal(reason, (await generator.RunAsync(1)).Finished[0].FinishReason);
    }

    [Fact]
    public async Task Logprobs_are_kept_to_the_digit_and_count_the_tokens()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Saying("a b", " c") with { Logprobs = true, TokensPerPiece = 2 });
        upstream.Usage = UsageReport.Missing;
        using var generator = new GeneratorUnderTest(upstream);

        var candidate = Assert.Single((await generator.RunAsync(1)).Finished);

        const string Entry = """{"token":"t","logprob":-0.10,"bytes":[116],"top_logprobs":[]}""";
        Assert.Equal(
            $$"""{"content":[{{Entry}},{{Entry}},{{Entry}},{{Entry}}],"refusal":null}""", Encoding.UTF8.GetString(candidate.Logprobs.Span));
        Assert.Equal(4, candidate.Usage.CompletionTokens);
    }

    [Fact]
    public async Task A_whole_answer_to_a_call_for_a_stream_is_understood_and_passed_on_to_the_digit()
    {
        const string Message = """{ "content" : "Hi", "role":"assistant","refusal":null, "extra":1.0 }""";
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("Hi") with { Message = Message });
        upstream.IgnoresStream = true;
        using var generator = new GeneratorUnderTest(upstream);

        var outcome = await generator.RunAsync(2);

        Assert.Equal(2, outcome.Finished.Count);
        Assert.All(outcome.Finished, candidate =>
        {
            Assert.Equal("Hi", candidate.Text);
            Assert.Equal(
                """{"role":"assistant","content":"Hi","refusal":null,"extra":1.0}""", Encoding.UTF8.GetString(candidate.Message.Span));
        });
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Request_bodies_that_are_no_object_are_refused_at_once()
    {
        await using var upstream = await OpenAIUpstream.StartAsync("one");
        using var generator = new GeneratorUnderTest(upstream);

        Assert.Throws<JsonException>(() => generator.Start(GeneratorUnderTest.Request(1, "[]")));
        Assert.Empty(upstream.Requests);
    }
}
