using System.Text;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Testing.Fakes;

namespace BestOfN.Core.Tests.Selection;

/// <summary>Reward models and votes see all that a message says and does.</summary>
public sealed class JudgedTextTests
{
    [Theory]
    [InlineData("""{"content":"Hi"}""", "Hi")]
    [InlineData(
        """{"content":"Hi","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]}""",
        "Hi\nf({\"a\":1})")]
    [InlineData("""{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}""", "f({\"a\":1})")]
    [InlineData("""{"content":null,"tool_calls":[{"type":"custom","custom":{"name":"shell","input":"ls -l"}}]}""", "shell(ls -l)")]
    [InlineData("""{"content":null,"function_call":{"name":"f","arguments":"{}"}}""", "f({})")]
    [InlineData("""{"content":"","refusal":"I will not."}""", "I will not.")]
    [InlineData("""{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"Lon"},"""
        + """{"type":"text","text":"don"}]}""", "London")]
    [InlineData("""{"content":[{"type":"refusal","refusal":"No."}]}""", "No.")]
    [InlineData("""{"content":"4","reasoning_content":"two and two","reasoning":"two and two"}""", "4")]
    [InlineData("""{"content":null,"audio":{"id":"a","transcript":"Hello."}}""", "Hello.")]
    [InlineData(
        """{"content":null,"tool_calls":[{"id":"7","index":0,"type":"mcp","name":"find","query":"x"}]}""",
        "find({\"name\":\"find\",\"query\":\"x\"})")]
    [InlineData("""{"content":null,"tool_calls":[{"function":{"name":"f","arguments":"\ud800"}}]}""", "f(\"\\ud800\")")]
    public void The_judge_reads_all_that_a_message_says_and_does(string message, string expected)
    {
        foreach (var reason in (string[])["stop", "length", "tool_calls", "content_filter", "function_call", "eos"])
        {
            Assert.Equal(expected, JudgedText.Of(Candidate(message) with { FinishReason = reason }));
        }
    }

    [Theory]
    [InlineData("""{"city":"Paris"}""", """{ "city" : "Paris" }""")]
    [InlineData("""{"a":1,"b":[true,null]}""", """{"b":[true, null],"a":1}""")]
    [InlineData("""{"a":1}""", """{"a":1.0}""")]
    [InlineData("""{"a":100}""", """{"a":1e2}""")]
    [InlineData("""{"a":-0.50}""", """{"a":-5E-1}""")]
    [InlineData("""{"a":0}""", """{"a":-0.0}""")]
    [InlineData("""{"a":"é/"}""", """{"a":"\u00e9\/"}""")]
    [InlineData("", "{}")]
    public void Equal_JSON_values_are_one_vote_whatever_their_spelling(string one, string other)
    {
        Assert.Equal(KeyOfCall(one), KeyOfCall(other));
        if (one.Length > 0)
        {
            Assert.Equal(AnswerKey.Of(one), AnswerKey.Of("\n" + other));
        }
    }

    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""")]
    [InlineData("""{"a":1}""", """{"a":"1"}""")]
    [InlineData("""{"a":10}""", """{"a":1}""")]
    [InlineData("""{"a":9007199254740993}""", """{"a":9007199254740992}""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""")]
    [InlineData("""{"file":"A"}""", """{"file":"a"}""")]
    [InlineData("""{"a":""", """{"b":""")]
    public void Different_JSON_values_are_different_votes(string one, string other)
    {
        Assert.NotEqual(KeyOfCall(one), KeyOfCall(other));
        Assert.NotEqual(AnswerKey.Of(one), AnswerKey.Of(other));
    }

    [Fact]
    public void The_order_of_parallel_calls_does_not_make_another_vote() => Assert.Equal(
        AnswerKey.Of(
            Candidate("""{"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"g","arguments":"{}"}}]}""")),
        AnswerKey.Of(
            Candidate("""{"tool_calls":[{"function":{"name":"g","arguments":"{}"}},{"function":{"name":"f","arguments":""}}]}""")));

    [Theory]
    [InlineData("""{"content":"f({})"}""", """{"content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}""")]
    [InlineData("""{"content":"No."}""", """{"content":null,"refusal":"No."}""")]
    [InlineData(
        """{"tool_calls":[{"custom":{"name":"sh","input":"rm -rf x"}}]}""",
        """{"tool_calls":[{"custom":{"name":"sh","input":"rm -rf X"}}]}""")]
    public void Saying_is_another_vote_than_doing(string one, string other) =>
        Assert.NotEqual(AnswerKey.Of(Candidate(one)), AnswerKey.Of(Candidate(other)));

    [Theory]
    [InlineData(SelectionStrategies.MajorityVote)]
    [InlineData(SelectionStrategies.WeightedVote)]
    public async Task The_call_that_most_candidates_make_wins_although_the_finish_reason_is_stop(string strategy)
    {
        var generator = new FakeGenerator(
            Calling("""{"city":"Paris"}"""), Calling("""{"city":"London"}"""), Calling("""{"city": "London"}"""),
            Calling("""{ "city":"London"}"""));
        var selection = await Selectors.SelectAsync(generator, new FakeRewardModel(_ => 0), 4, strategy);
        Assert.Equal(1, selection.Winner.Index);
    }

    private static FakeCandidate Calling(string arguments) => new("Let me see.") { Message = CallingMessage(arguments, "Let me see.") };

    private static string KeyOfCall(string arguments) => AnswerKey.Of(Candidate(CallingMessage(arguments)));

    private static string CallingMessage(string arguments, string? text = null) => System.Text.Json.JsonSerializer.Serialize(
        new { role = "assistant", content = text,
            tool_calls = new[] { new { id = "x", type = "function", function = new { name = "weather", arguments } } } });

    private static Candidate Candidate(string message) =>
        new() { Index = 0, Text = "", FinishReason = "stop", Usage = new TokenUsage(1, 1), Message = Encoding.UTF8.GetBytes(message) };
}
