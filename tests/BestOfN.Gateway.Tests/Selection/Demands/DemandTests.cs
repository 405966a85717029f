using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Testing.Fakes;

namespace BestOfN.Gateway.Tests.Selection.Demands;

/// <summary>An answer that is not what the request asked for wins only if nothing better is there.</summary>
public sealed class DemandTests
{
    private const string City =
        """{"type":"object","properties":{"city":{"type":"string","pattern":"^[A-Z]"}},"required":["city"],"additionalProperties":false}""";

    private static string Tools(string parameters = City) =>
        $$$"""{"tools":[{"type":"function","function":{"name":"weather","parameters":{{{parameters}}}}},"""
            + """{"type":"custom","custom":{"name":"shell"}}]}""";

    [Theory]
    [InlineData("""{"response_format":{"type":"json_object"}}""", """{"a":1}""", "Sure: {\"a\":1}", "not_json")]
    [InlineData("""{"response_format":{"type":"json_object"}}""", """{"a":1}""", "{\"a\":", "not_json")]
    [InlineData("""{"response_format":{"type":"json_object"}}""", """{"a":1}""", "[1]", "not_json")]
    [InlineData("""{"response_format":{"type":"json_object","schema":{"required":["a"]}}}""", """{"a":1}""", "{}", "wrong_schema")]
    [InlineData(
        """{"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","required":["a"]}}}}""",
        """{"a":1}""", """{"b":1}""", "wrong_schema")]
    [InlineData(
        """{"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"array"}}}}""", "[1]", "no", "not_json")]
    public async Task Text_that_is_not_the_JSON_asked_for_loses(string fields, string good, string bad, string status) =>
        await LosesAsync(fields, good, bad, status);

    [Theory]
    [InlineData("weather", """{"city":"Paris"}""", "weather", """{"city":""")]
    [InlineData("weather", """{"city":"Paris"}""", "weather", """{"city":"paris"}""")]
    [InlineData("weather", """{"city":"Paris"}""", "weather", """{"city":7}""")]
    [InlineData("weather", """{"city":"Paris"}""", "weather", "{}")]
    [InlineData("weather", """{"city":"Paris"}""", "weather", "")]
    [InlineData("weather", """{"city":"Paris"}""", "weather", "\"Paris\"")]
    [InlineData("weather", """{"city":"Paris"}""", "clock", """{"city":"Paris"}""")]
    public async Task A_call_that_no_tool_can_take_loses(string goodTool, string good, string badTool, string bad) =>
        await LosesAsync(Tools(), Call(goodTool, good), Call(badTool, bad), "bad_tool_call");

    [Theory]
    [InlineData("\"required\"", true)]
    [InlineData("\"any\"", true)]
    [InlineData("{\"type\":\"function\",\"function\":{\"name\":\"weather\"}}", true)]
    [InlineData("{\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\",\"tools\":[{\"type\":\"function\","
        + "\"function\":{\"name\":\"weather\"}}]}}", true)]
    [InlineData("\"none\"", false)]
    public async Task An_answer_against_the_choice_of_tools_loses(string choice, bool callIsGood)
    {
        var fields = Tools()[..^1] + $",\"tool_choice\":{choice}}}";
        var call = Call("weather", """{"city":"Paris"}""");
        await LosesAsync(fields, callIsGood ? call : "Paris", callIsGood ? "Paris" : call, "wrong_tool_choice");
    }

    [Fact]
    public async Task A_call_of_another_tool_than_the_chosen_one_loses()
    {
        var fields = Tools()[..^1] + ""","tool_choice":{"type":"custom","custom":{"name":"shell"}}}""";
        await LosesAsync(fields, Custom("shell", "ls"), Call("weather", """{"city":"Paris"}"""), "wrong_tool_choice");
    }

    [Fact]
    public async Task Several_calls_lose_where_only_one_is_allowed()
    {
        var call = """{"id":"1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Paris\"}"}}""";
        await LosesAsync(
            Tools()[..^1] + ",\"parallel_tool_calls\":false}",
            Call("weather", """{"city":"Paris"}"""),
            $$"""{"role":"assistant","content":null,"tool_calls":[{{call}},{{call}}]}""",
            "wrong_tool_choice");
    }

    [Theory]
    [InlineData("""{"$ref":"http://127.0.0.1:9/schema.json"}""")]
    [InlineData("""{"$ref":"file:///etc/passwd"}""")]
    [InlineData("""{"$schema":"http://127.0.0.1:9/meta","type":"array"}""", false)]
    [InlineData("""{"$ref":"#"}""")]
    [InlineData("""{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#"}""")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}}}""")]
    [InlineData("""{"$dynamicRef":"#x"}""")]
    [InlineData("""{"type":"nonsense"}""")]
    [InlineData("""{"properties":7}""")]
    [InlineData("""{"properties":{"a":{"pattern":"("}}}""")]
    public async Task A_schema_that_cannot_be_checked_hangs_nothing_and_counts_as_fulfilled(string schema, bool isUnchecked = true)
    {
        var body = await AskAsync(Schema(schema), "{\"a\":1}", "{\"a\":1}");
        Assert.Equal(isUnchecked ? ["schema_unchecked"] : ["wrong_schema:0", "wrong_schema:1"], Words(body));
    }

    [Fact]
    public async Task A_schema_that_doubles_its_work_at_each_step_ends_soon()
    {
        var steps = string.Join(",", Enumerable.Range(0, 40).Select(i => $$$"""
            "s{{{i}}}":{"allOf":[{"$ref":"#/$defs/s{{{i + 1}}}"},{"$ref":"#/$defs/s{{{i + 1}}}"}]}
            """));
        var body = await AskAsync(
            Schema("""{"$ref":"#/$defs/s0","$defs":{""" + steps + ""","s40":{"type":"object"}}}"""), "{}", "{}");
        Assert.Equal(["schema_unchecked"], Words(body));
    }

    [Theory]
    [InlineData("""{"properties":{"a":{"pattern":"^(?=x)(x+x+)+y$"}}}""")]
    [InlineData("""{"patternProperties":{"^(?=x)(x+x+)+y$":{}}}""")]
    public async Task A_pattern_that_takes_for_ever_ends_soon(string schema)
    {
        var xs = new string('x', 60);
        var answer = $$"""{"a":"{{xs}}","{{xs}}":1}""";
        var body = await AskAsync(Schema(schema), answer, answer);
        Assert.Equal(["schema_unchecked"], Words(body));
    }

    [Fact]
    public async Task A_schema_that_is_like_a_tree_is_checked_to_the_leaves()
    {
        const string Tree = """{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"}"""
            + ""","kids":{"type":"array","items":{"$ref":"#/$defs/node"},"uniqueItems":true}},"required":["v"]}}}""";
        await LosesAsync(
            Schema(Tree),
            """{"v":1,"kids":[{"v":2,"kids":[{"v":3}]}]}""",
            """{"v":1,"kids":[{"v":2,"kids":[{"v":"3"}]}]}""",
            "wrong_schema");
        await LosesAsync(
            Schema(Tree), """{"v":1,"kids":[{"v":2}]}""", """{"v":1,"kids":[{"v":2},{"v":2.0}]}""", "wrong_schema");
    }

    [Fact]
    public async Task A_single_candidate_comes_as_it_is_whatever_was_asked()
    {
        await using var gateway = new TestGateway(FakeGenerator.Answering("no JSON"), relays: true);
        using var response = await gateway.ChatAsync("\"best_of_n\":1,\"response_format\":{\"type\":\"json_object\"}");
        var body = await Task.FromResult(response).JsonAsync();
        Assert.Equal("no JSON", (string?)body["choices"]![0]!["message"]!["content"]);
        Assert.False(response.Headers.Contains("X-Best-Of-N-Degraded"));
    }

    private static async Task LosesAsync(string fields, string good, string bad, string status)
    {
        foreach (var strategy in (string[])["reward", "weighted_vote", "majority_vote"])
        {
            // The bad answer comes first, more often, and the judge likes it better.
            var body = await AskAsync(fields, [bad, bad, good], strategy);
            Assert.Equal(2, (int)body["best_of_n"]!["selected"]!);
            Assert.Equal([$"{status}:0", $"{status}:1"], Words(body));
            Assert.Equal(
                [status, status], body["best_of_n"]!["candidates"]!.AsArray().Skip(1).Select(candidate => (string?)candidate!["status"]));
        }
    }

    private static Task<JsonNode> AskAsync(string fields, params string[] answers) => AskAsync(fields, answers, "reward");

    private static async Task<JsonNode> AskAsync(string fields, string[] answers, string strategy)
    {
        var candidates = answers.Select(answer => answer.StartsWith("""{"role":""", StringComparison.Ordinal)
            ? new FakeCandidate("") { Message = answer }
            : new FakeCandidate(answer));
        await using var gateway = new TestGateway(
            new FakeGenerator([.. candidates]), new FakeRewardModel(answer => -answer.Index), relays: true);
        return await gateway
            .ChatAsync($$"""{{fields[1..^1]}},"best_of_n":{"n":{{answers.Length}},"strategy":"{{strategy}}","return":"scores"}""")
            .JsonAsync();
    }

    private static IEnumerable<string?> Words(JsonNode body) => body["best_of_n"]!["degraded"]!.AsArray().Select(word => (string?)word);

    private static string Schema(string schema) =>
        """{"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":""" + schema + "}}}";

    private static string Call(string name, string arguments) => JsonSerializer.Serialize(
        new { role = "assistant", content = (string?)null, refusal = (string?)null,
            tool_calls = new[] { new { id = "1", type = "function", function = new { name, arguments } } } });

    private static string Custom(string name, string input) => JsonSerializer.Serialize(
        new { role = "assistant", content = (string?)null, refusal = (string?)null,
            tool_calls = new[] { new { id = "1", type = "custom", custom = new { name, input } } } });
}
