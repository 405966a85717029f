using System.Net;
using BestOfN.Testing.Fakes;

namespace BestOfN.Gateway.Tests.Chat;

/// <summary>A conversation goes on with messages that came from here.</summary>
public sealed class HistoryTests
{
    [Theory]
    [InlineData(
        """{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"London"}]}""",
        "London")]
    [InlineData("""{"role":"assistant","content":[{"type":"refusal","refusal":"I will not."}]}""", "I will not.")]
    [InlineData(
        """{"role":"assistant","content":[{"type":"text","text":"No."},{"type":"refusal","refusal":"I will not."}]}""", "No.\nI will not.")]
    [InlineData("""{"role":"assistant","content":[{"type":"brand_new","x":1},{"y":2},"plain"]}""", "plain")]
    [InlineData("""{"role":"assistant","content":[]}""", "")]
    [InlineData("""{"role":"assistant","content":null,"refusal":"No.","reasoning_content":"hm","tool_calls":null}""", "No.")]
    [InlineData(
        """{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"custom","custom":{"name":"sh","input":"ls"}}]}""", "sh(ls)")]
    [InlineData("""{"role":"assistant","content":"Wait.","function_call":{"name":"f","arguments":"{}"}}""", "Wait.\nf({})")]
    public async Task A_message_of_an_assistant_can_be_sent_back_whatever_it_holds(string message, string seen)
    {
        var judge = FakeRewardModel.ByLength();
        await using var gateway = new TestGateway(FakeGenerator.Answering("a", "bb"), judge, relays: true);
        await gateway.PostAsync("/v1/chat/completions",
            $$"""{"model":"pocket@2","messages":[{"role":"user","content":"Hi"},{{message}},{"role":"user","content":"And?"}"""
                + """]}""").JsonAsync();

        Assert.Equal(seen, Assert.Single(judge.Prompts).Messages[1].Text);
    }

    [Fact]
    public async Task An_unknown_part_of_a_user_is_still_refused_where_it_is_judged()
    {
        await using var gateway = new TestGateway(relays: true);
        var error = await gateway.PostAsync("/v1/chat/completions",
            """{"model":"pocket@2","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}"""
                + """]}""").ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal("messages[0].content[0].type", (string?)error["param"]);
    }
}
