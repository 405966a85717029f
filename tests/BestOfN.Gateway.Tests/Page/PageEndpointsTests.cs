using System.Net;
using System.Text.Json.Nodes;
using BestOfN.Testing.Fakes;

namespace BestOfN.Gateway.Tests.Page;

/// <summary>The routes of the page, as a browser or anybody else may call them.</summary>
public sealed class PageEndpointsTests
{
    private static readonly (string Path, string Value)[] s_keys = [("BESTOFN_API_KEYS", "one,two"), ("BESTOFN_OPERATOR_KEYS", "chief")];

    private static CancellationToken Cancellation => TestGateway.Cancellation;

    [Fact]
    public async Task Files_need_no_key_and_allow_nothing_but_themselves_and_data_needs_one()
    {
        await using var gateway = new TestGateway(settings: s_keys);
        foreach (var path in (string[])["/", "/page/page.js", "/page/page.css", "/page/samples.json", "/page/icon.svg"])
        {
            using var response = await gateway.RawClient.GetAsync(path, Cancellation);
            Assert.True(response.IsSuccessStatusCode, path);
            var policy = response.Headers.GetValues("Content-Security-Policy").Single();
            Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
            Assert.Contains(" connect-src 'self'; ", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        }

        foreach (var path in (string[])["/page/facts", "/page/traffic"])
        {
            using var response = await gateway.RawClient.GetAsync(path, Cancellation);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        var error = await gateway.PostAsync("/page/rank", "{}").ErrorAsync(HttpStatusCode.Unauthorized);
        Assert.Equal("invalid_api_key", (string?)error["code"]);
    }

    [Fact]
    public async Task A_browser_that_has_a_file_is_not_sent_it_again()
    {
        await using var gateway = new TestGateway();
        using var first = await gateway.RawClient.GetAsync("/page/page.js", Cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/page/page.js");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await gateway.RawClient.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/page/page.js")]
    [InlineData("/page/facts")]
    [InlineData("/page/traffic")]
    public async Task A_page_that_is_off_is_not_there(string path)
    {
        await using var gateway = new TestGateway(settings: ("BestOfN:Page", "false"));
        using var response = await gateway.RawClient.GetAsync(path, Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Nothing_beside_the_files_can_be_read()
    {
        await using var gateway = new TestGateway();
        foreach (var path in (string[])["/page/", "/page/index.html", "/page/../appsettings.json", "/page/%2e%2e/a.json", "/page/no.js"])
        {
            using var response = await gateway.RawClient.GetAsync(path, Cancellation);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("one", HttpStatusCode.Forbidden)]
    [InlineData("two", HttpStatusCode.Forbidden)]
    [InlineData("chief", HttpStatusCode.OK)]
    public async Task Only_an_operator_sees_what_other_clients_do(string key, HttpStatusCode expected)
    {
        await using var gateway = new TestGateway(settings: s_keys);
        Assert.Equal(expected, await TrafficStatusAsync(gateway, key));
    }

    [Fact]
    public async Task Where_clients_have_keys_and_no_operator_has_one_nobody_sees_the_traffic()
    {
        await using var gateway = new TestGateway(settings: ("BESTOFN_API_KEYS", "one"));
        Assert.Equal(HttpStatusCode.Forbidden, await TrafficStatusAsync(gateway, "one"));
    }

    [Fact]
    public async Task An_operator_may_ask_models_too_and_an_open_gateway_with_an_operator_keeps_its_traffic_from_others()
    {
        await using var gateway = new TestGateway(settings: ("BESTOFN_OPERATOR_KEYS", "chief"));
        Assert.Equal("dddd", (string?)(await gateway.ChatAsync().JsonAsync())["choices"]![0]!["message"]!["content"]);
        Assert.Equal(HttpStatusCode.Forbidden, await TrafficStatusAsync(gateway, null));
        await using var closed = new TestGateway(settings: s_keys);
        using var answer = await closed.ChatAsync("", "pocket", ("Authorization", "Bearer chief"));
        Assert.True(answer.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Traffic_tells_numbers_of_answers_and_refusals_and_no_texts()
    {
        await using var gateway = new TestGateway();
        using var good = await gateway.ChatAsync("\"best_of_n\":2");
        using var bad = await gateway.ChatAsync("\"best_of_n\":1000");
        var report = await TrafficAsync(gateway, 0);

        var (first, second) = (report["requests"]![0]!, report["requests"]![1]!);
        Assert.Equal(("pocket", 200, 2), ((string?)first["model"], (int)first["status"]!, (int)first["candidates"]!));
        Assert.Equal([2.0, 1.0], first["scores"]!.AsArray().Select(score => (double)score!));
        Assert.True((double)first["generation_ms"]! >= 0 && (double)first["queue_ms"]! >= 0 && (double)first["total_ms"]! > 0);
        Assert.Null(first["question"]);
        Assert.Null(first["answer"]);
        Assert.Equal((400, 0), ((int)second["status"]!, second["scores"]!.AsArray().Count));
        var minutes = report["minutes"]!.AsArray();
        Assert.Equal((2, 1), (minutes.Sum(minute => (int)minute!["requests"]!), minutes.Sum(minute => (int)minute!["failed"]!)));
        Assert.Empty((await TrafficAsync(gateway, 2))["requests"]!.AsArray());
        Assert.Single((await TrafficAsync(gateway, 1))["requests"]!.AsArray());
    }

    [Fact]
    public async Task Texts_are_kept_where_the_operator_says_so()
    {
        await using var gateway = new TestGateway(
            FakeGenerator.Answering(new string('x', 2000)), settings: [.. s_keys, ("BestOfN:TrafficTexts", "true")]);
        using var answer = await gateway.ChatAsync("\"best_of_n\":1", "pocket", ("Authorization", "Bearer one"));
        var entry = (await TrafficAsync(gateway, 0, "chief"))["requests"]![0]!;
        Assert.Equal("2 + 2?", (string?)entry["question"]);
        Assert.Equal(new string('x', 500) + "…", (string?)entry["answer"]);
    }

    [Fact]
    public async Task Requests_without_a_key_do_not_push_others_out_of_the_traffic()
    {
        await using var gateway = new TestGateway(settings: s_keys);
        using var refused = await gateway.ChatAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(0, (int)(await TrafficAsync(gateway, 0, "chief"))["total"]!);
    }

    [Theory]
    [InlineData("reward")]
    [InlineData("weighted_vote")]
    [InlineData("majority_vote")]
    [InlineData("first")]
    public async Task Ranking_anew_gives_the_order_that_the_strategy_gives_in_a_request(string strategy)
    {
        var generator = new FakeGenerator(
            "b", "a", new FakeCandidate("the longest, and cut off") { FinishReason = "length" }, "B ", "cc", "no score",
            FakeCandidate.Failing());
        var judge = new FakeRewardModel(
            answer => answer.Text is "no score" ? null : answer.Text.Length + (answer.Text is "a" ? 0.5 : 0));
        await using var gateway = new TestGateway(generator, judge);
        var expected = await AskAsync(gateway, strategy);
        var other = await AskAsync(gateway, strategy is "first" ? "reward" : "first");

        var answered = other["candidates"]!.AsArray().Where(each => each!["message"] is not null);
        var request = new JsonObject
        {
            ["strategy"] = strategy,
            ["candidates"] = new JsonArray([.. answered.Select(each => each!.DeepClone())]),
        };
        var ranking = await gateway.PostAsync("/page/rank", request.ToJsonString()).JsonAsync();

        Assert.Equal((int)expected["selected"]!, (int)ranking["selected"]!);
        Assert.Equal(
            expected["candidates"]!.AsArray().Where(each => each!["rank"] is not null).Select(each => (int)each!["index"]!),
            ranking["ranking"]!.AsArray().Select(index => (int)index!));
        Assert.Equal(2, generator.Requests.Count);
    }

    [Theory]
    [InlineData("""{"strategy":"best","candidates":[]}""", "strategy")]
    [InlineData("""{"strategy":"first"}""", "candidates")]
    [InlineData("""{"strategy":"first","candidates":[]}""", "candidates")]
    [InlineData("""{"strategy":"first","candidates":[1]}""", "candidates[0]")]
    [InlineData("""{"strategy":"first","candidates":[{"index":0}]}""", "candidates[0].message")]
    [InlineData("""{"strategy":"first","candidates":[{"index":0,"message":{}},{"index":0,"message":{}}]}""", "candidates")]
    [InlineData("""{"strategy":"first","candidates":[{"index":0,"score":"1","message":{}}]}""", "candidates[0].score")]
    public async Task A_wrong_ranking_is_refused_by_the_name_of_the_field(string body, string param)
    {
        await using var gateway = new TestGateway();
        Assert.Equal(param, (string?)(await gateway.PostAsync("/page/rank", body).ErrorAsync(HttpStatusCode.BadRequest))["param"]);
    }

    [Fact]
    public async Task Facts_tell_what_can_be_chosen()
    {
        await using var gateway = new TestGateway();
        using var _ = await gateway.ChatAsync();
        var facts = JsonNode.Parse(await gateway.RawClient.GetStringAsync("/page/facts", Cancellation))!;
        var other = facts["models"]!.AsArray().Single(model => (string?)model!["name"] == "other")!;
        Assert.Equal((3, 64, "pocket-reward"), ((int)other["candidates"]!, (int)other["most_candidates"]!, (string?)other["reward_model"]));
        Assert.Equal(
            ["first", "majority_vote", "reward", "weighted_vote"], facts["strategies"]!.AsArray().Select(each => (string?)each!["name"]));
    }

    private static async Task<JsonNode> AskAsync(TestGateway gateway, string strategy)
    {
        const string Fields = "\"best_of_n\":{\"n\":7,\"return\":\"candidates\",\"strategy\":\"NAME\"}";
        return (await gateway.ChatAsync(Fields.Replace("NAME", strategy, StringComparison.Ordinal)).JsonAsync())["best_of_n"]!;
    }

    private static async Task<HttpStatusCode> TrafficStatusAsync(TestGateway gateway, string? key)
    {
        using var response = await gateway.RawClient.SendAsync(TrafficRequest(0, key), Cancellation);
        return response.StatusCode;
    }

    private static async Task<JsonNode> TrafficAsync(TestGateway gateway, int after, string? key = null) =>
        await gateway.RawClient.SendAsync(TrafficRequest(after, key), Cancellation).JsonAsync();

    private static HttpRequestMessage TrafficRequest(int after, string? key)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/page/traffic?after={after}");
        request.Headers.Authorization = key is null ? null : new("Bearer", key);
        return request;
    }
}
