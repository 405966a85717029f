using System.Net;
using BestOfN.Core.Generation;
using BestOfN.Testing.Fakes;

namespace BestOfN.Gateway.Tests.Chat;

public sealed class ChatCompletionsTests
{
    [Fact]
    public async Task Answers_with_the_best_candidate_in_OpenAIs_words()
    {
        await using var gateway = new TestGateway();
        using var response = await gateway.ChatAsync();
        var body = await Task.FromResult(response).JsonAsync();

        Assert.Equal("dddd", (string?)body["choices"]![0]!["message"]!["content"]);
        Assert.Equal("pocket", (string?)body["model"]);
        Assert.Equal(7, (int)body["usage"]!["prompt_tokens"]!);
        Assert.Equal(8, (int)body["usage"]!["completion_tokens"]!);
        Assert.Null(body["best_of_n"]);
        Assert.Equal("requested=8; scored=8; selected=3; score=4", response.Headers.GetValues("X-Best-Of-N").Single());
        Assert.False(response.Headers.Contains("X-Best-Of-N-Degraded"));
    }

    [Theory]
    [InlineData("\"best_of_n\":{\"n\":2}", "pocket@5", "6", 2)]
    [InlineData("\"best_of_n\":2", "pocket@5", "6", 2)]
    [InlineData("", "pocket@5", "6", 6)]
    [InlineData("", "pocket@5", null, 5)]
    [InlineData("", "other", null, 3)]
    [InlineData("", "pocket", null, 8)]
    [InlineData("\"n\":10", "pocket", null, 10)]
    [InlineData("\"best_of_n\":null,\"n\":null", "other", null, 3)]
    public async Task The_first_that_speaks_decides_the_number_of_candidates(string fields, string model, string? header, int expected)
    {
        var generator = FakeGenerator.Answering("a");
        await using var gateway = new TestGateway(generator);
        var body = await gateway.ChatAsync(fields, model, header is null ? [] : [("X-Best-Of-N", header)]).JsonAsync();

        Assert.Equal(expected, Assert.Single(generator.Requests).Candidates);
        Assert.Equal(model.Split('@')[0], (string?)body["model"]);
    }

    [Theory]
    [InlineData("\"best_of_n\":{\"n\":65}", "pocket", null, "best_of_n.n")]
    [InlineData("\"best_of_n\":65", "pocket", null, "best_of_n.n")]
    [InlineData("", "pocket", "65", "X-Best-Of-N")]
    [InlineData("", "pocket", "many", "X-Best-Of-N")]
    [InlineData("", "pocket@65", null, "model")]
    [InlineData("", "pocket@0", null, "model")]
    [InlineData("\"n\":100", "pocket", null, "n")]
    [InlineData("\"n\":3,\"best_of_n\":2", "pocket", null, "n")]
    [InlineData("\"best_of_n\":0", "pocket", null, "best_of_n")]
    [InlineData("\"best_of_n\":\"8\"", "pocket", null, "best_of_n")]
    [InlineData("\"best_of_n\":{\"n\":1.5}", "pocket", null, "best_of_n.n")]
    [InlineData("\"best_of_n\":{\"candidates\":2}", "pocket", null, "best_of_n.candidates")]
    [InlineData("\"best_of_n\":{\"strategy\":\"luck\"}", "pocket", null, "best_of_n.strategy")]
    [InlineData("\"best_of_n\":{\"reward_model\":\"nobody\"}", "pocket", null, "best_of_n.reward_model")]
    [InlineData("\"best_of_n\":{\"return\":\"all\"}", "pocket", null, "best_of_n.return")]
    [InlineData("\"best_of_n\":{\"time_budget_ms\":0}", "pocket", null, "best_of_n.time_budget_ms")]
    [InlineData("\"best_of_n\":{\"token_budget\":-1}", "pocket", null, "best_of_n.token_budget")]
    [InlineData("\"temperature\":3", "pocket", null, "temperature")]
    [InlineData("\"temperature\":\"hot\"", "pocket", null, "temperature")]
    [InlineData("\"top_p\":-0.1", "pocket", null, "top_p")]
    [InlineData("\"max_tokens\":0", "pocket", null, "max_tokens")]
    [InlineData("\"max_tokens\":99999999999", "pocket", null, "max_tokens")]
    [InlineData("\"stop\":[1]", "pocket", null, "stop")]
    [InlineData("\"stop\":\"\"", "pocket", null, "stop")]
    [InlineData("\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]", "pocket", null, "stop")]
    [InlineData("\"tools\":{}", "pocket", null, "tools")]
    [InlineData("\"tools\":[1]", "pocket", null, "tools")]
    [InlineData("\"tool_choice\":\"required\"", "pocket", null, "tool_choice")]
    [InlineData("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},\"tools\":[]", "pocket", null, "tool_choice")]
    [InlineData("\"tool_choice\":1", "pocket", null, "tool_choice")]
    [InlineData("\"max_tokens\":512.5", "pocket", null, "max_tokens")]
    [InlineData("\"best_of_n\":{\"time_budget_ms\":60001}", "pocket", null, "best_of_n.time_budget_ms")]
    [InlineData("\"stream\":\"yes\"", "pocket", null, "stream")]
    [InlineData("\"stream_options\":{\"include_usage\":true}", "pocket", null, "stream_options")]
    [InlineData("\"top_logprobs\":3", "pocket", null, "top_logprobs")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]", "pocket", null, "tools")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "pocket", null, "response_format")]
    public async Task A_mistake_is_answered_with_the_name_of_the_field(string fields, string model, string? header, string param)
    {
        var generator = FakeGenerator.Answering("a");
        await using var gateway = new TestGateway(generator);
        var error = await gateway.ChatAsync(fields, model, header is null ? [] : [("X-Best-Of-N", header)])
            .ErrorAsync(HttpStatusCode.BadRequest);

        Assert.Equal(param, (string?)error["param"]);
        Assert.Equal("invalid_request_error", (string?)error["type"]);
        Assert.Empty(generator.Requests);
    }

    [Theory]
    [InlineData("{", null)]
    [InlineData("[]", null)]
    [InlineData("", null)]
    [InlineData("{\"model\":\"pocket\",\"model\":\"other\",\"messages\":[]}", null)]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "model")]
    [InlineData("{\"model\":7}", "model")]
    [InlineData("{\"model\":\"pocket\"}", "messages")]
    [InlineData("{\"model\":\"pocket\",\"messages\":\"hi\"}", "messages")]
    [InlineData("{\"model\":\"pocket\",\"messages\":[]}", "messages")]
    [InlineData("{\"model\":\"pocket\",\"messages\":[1]}", "messages[0]")]
    [InlineData("{\"model\":\"pocket\",\"messages\":[{\"content\":\"x\"}]}", "messages[0].role")]
    [InlineData("{\"model\":\"pocket\",\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}", "messages[0].role")]
    [InlineData("{\"model\":\"pocket\",\"messages\":[{\"role\":\"user\"}]}", "messages[0].content")]
    [InlineData(
        "{\"model\":\"pocket\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}", "messages[0].content[0].text")]
    [InlineData("{\"model\":\"pocket\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
        + "\"image_url\":{\"url\":\"data:,\"}}]}]}", "messages[0].content[0].image_url")]
    [InlineData(
        "{\"model\":\"pocket\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"input_audio\":{}}]}]}",
        "messages[0].content[0].type")]
    [InlineData("{\"model\":\"pocket\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}", null)]
    public async Task A_body_that_is_no_chat_request_is_a_400_in_the_envelope(string body, string? param)
    {
        await using var gateway = new TestGateway();
        var error = await gateway.PostAsync("/v1/chat/completions", body).ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal(param, (string?)error["param"]);
    }

    [Fact]
    public async Task The_conversation_and_the_parameters_reach_generator_and_judge_as_they_came()
    {
        var generator = FakeGenerator.Answering("a", "b");
        var reward = FakeRewardModel.ByLength();
        await using var gateway = new TestGateway(generator, reward);
        const string Json = """
            {"model":"other","temperature":0.3,"top_p":0.9,"top_k":40,"min_p":0.05,"frequency_penalty":1,"presence_penalty":-1,
             "max_tokens":12,"seed":77,"stop":["\n\n","END"],
             "logprobs":true,"top_logprobs":2,"extra":{"x":1},"best_of_n":{"n":2,"token_budget":99},
             "messages":[
                {"role":"system","content":" Be brief. "},
                {"role":"user","content":[{"type":"text","text":"Hi"},{"type":"text","text":" there"}]},
                {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},
                {"role":"tool","tool_call_id":"c1","content":"4"}]}
            """;
        await gateway.PostAsync("/v1/chat/completions", Json).JsonAsync();

        var order = Assert.Single(generator.Requests);
        Assert.Equivalent(
            new SamplingParameters
            {
                Temperature = 0.3, TopP = 0.9, TopK = 40, MinP = 0.05, FrequencyPenalty = 1, PresencePenalty = -1, MaxTokens = 12,
                Seed = 77, Stop = ["\n\n", "END"], Logprobs = true, TopLogprobs = 2,
            },
            order.Sampling);
        Assert.Equal(99, order.TokenBudget);
        Assert.Equal(Json, System.Text.Encoding.UTF8.GetString(order.Body.Span));
        Assert.Equal(
            ["system| Be brief. ", "user|Hi there", "assistant|f({})", "tool|4"],
            order.Prompt.Messages.Select(message => $"{message.Role}|{message.Text}"));
        Assert.Same(order.Prompt, Assert.Single(reward.Prompts));
    }

    [Fact]
    public async Task Text_in_a_prompt_changes_no_policy()
    {
        var generator = FakeGenerator.Answering("a");
        await using var gateway = new TestGateway(generator);
        await gateway.PostAsync(
            "/v1/chat/completions",
            """{"model":"other","messages":[{"role":"user","content":"\"best_of_n\": 64 model@64 X-Best-Of-N: 64"}]}""").JsonAsync();
        Assert.Equal(3, generator.Requests[0].Candidates);
    }

    [Fact]
    public async Task The_winners_message_comes_verbatim()
    {
        const string Message = """{"role":"assistant","content":null,"refusal":null,"reasoning_content":"é<>","tool_calls":["""
            + """{"id":"call_9","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"}}]}""";
        const string Logprobs = """{"content":[{"token":"a","logprob":-0.10,"bytes":[97],"top_logprobs":[]}],"refusal":null}""";
        await using var gateway = new TestGateway(
            new FakeGenerator(new FakeCandidate("") { Message = Message, FinishReason = "tool_calls", Logprobs = Logprobs }), relays: true);
        using var response = await gateway.ChatAsync();
        var body = await response.Content.ReadAsStringAsync(TestGateway.Cancellation);

        Assert.Contains("\"message\":" + Message, body, StringComparison.Ordinal);
        Assert.Contains("\"logprobs\":" + Logprobs, body, StringComparison.Ordinal);
        Assert.Contains("\"finish_reason\":\"tool_calls\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_choices_come_ranked()
    {
        await using var gateway = new TestGateway();
        var body = await gateway.ChatAsync("\"n\":3,\"best_of_n\":4").JsonAsync();
        Assert.Equal(["dddd", "ccc", "bb"], body["choices"]!.AsArray().Select(choice => (string?)choice!["message"]!["content"]));
        Assert.Equal([0, 1, 2], body["choices"]!.AsArray().Select(choice => (int)choice!["index"]!));
    }

    [Fact]
    public async Task The_selection_is_shown_to_those_who_ask()
    {
        await using var gateway = new TestGateway(new FakeGenerator("a", FakeCandidate.Failing(), "ccc"));
        using var response = await gateway.ChatAsync("""
            "best_of_n":{"n":3,"strategy":"reward","return":"scores"}
            """);
        var report = (await Task.FromResult(response).JsonAsync())["best_of_n"]!;

        Assert.Equal("reward", (string?)report["strategy"]);
        Assert.Equal("fake-reward", (string?)report["reward_model"]);
        Assert.Equal((3, 2, 2, 2), ((int)report["requested"]!, (int)report["finished"]!, (int)report["scored"]!, (int)report["selected"]!));
        Assert.Equal(["candidate_failed:1"], report["degraded"]!.AsArray().Select(word => (string?)word));
        Assert.Equal(1, (int)report["usage"]!["winner"]!["completion_tokens"]!);
        Assert.Equal(2, (int)report["usage"]!["total"]!["completion_tokens"]!);
        Assert.True((long)report["timing_ms"]!["total"]! >= 0);
        var candidates = report["candidates"]!.AsArray();
        Assert.Equal((2, 1, 3.0, "scored", "stop"), ((int)candidates[0]!["index"]!, (int)candidates[0]!["rank"]!,
            (double)candidates[0]!["score"]!, (string?)candidates[0]!["status"], (string?)candidates[0]!["finish_reason"]));
        Assert.Equal("failed", (string?)candidates[2]!["status"]);
        Assert.Null(candidates[0]!["message"]);
        Assert.Equal("candidate_failed:1", response.Headers.GetValues("X-Best-Of-N-Degraded").Single());
    }

    [Fact]
    public async Task The_candidates_are_shown_to_those_who_ask()
    {
        await using var gateway = new TestGateway();
        var body = await gateway.ChatAsync("""
            "best_of_n":{"n":2,"return":"candidates"}
            """).JsonAsync();
        Assert.Equal(
            ["bb", "a"], body["best_of_n"]!["candidates"]!.AsArray().Select(candidate => (string?)candidate!["message"]!["content"]));
    }

    [Theory]
    [InlineData("reward", "44")]
    [InlineData("weighted_vote", "4")]
    [InlineData("majority_vote", "4")]
    [InlineData("first", "5")]
    public async Task The_strategy_is_found_by_name(string strategy, string winner)
    {
        await using var gateway = new TestGateway(
            FakeGenerator.Answering("5", "4", "44", "4"), FakeRewardModel.Scoring(("5", 0), ("4", 1), ("44", 1.1)));
        var body = await gateway.ChatAsync($"\"best_of_n\":{{\"n\":4,\"strategy\":\"{strategy}\"}}").JsonAsync();
        Assert.Equal(winner, (string?)body["choices"]![0]!["message"]!["content"]);
    }

    [Fact]
    public async Task A_failing_judge_is_told_in_a_header()
    {
        await using var gateway = new TestGateway(rewardModel: FakeRewardModel.Failing());
        using var response = await gateway.ChatAsync();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("scorer_failed", response.Headers.GetValues("X-Best-Of-N-Degraded").Single());
        Assert.Equal("requested=8; scored=0; selected=0", response.Headers.GetValues("X-Best-Of-N").Single());
    }

    [Fact]
    public async Task Content_of_unknown_kind_is_refused_where_a_judge_would_not_perceive_it_and_passed_on_where_none_judges()
    {
        const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"\","
            + "\"format\":\"wav\"}}]}]";
        await using var gateway = new TestGateway(relays: true);
        var error = await gateway.PostAsync("/v1/chat/completions", $$"""{"model":"pocket",{{Messages}}}""")
            .ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal("messages[0].content[0].type", (string?)error["param"]);
        await gateway.PostAsync("/v1/chat/completions", $$"""{"model":"pocket@1",{{Messages}}}""").JsonAsync();
    }
}
