using System.ClientModel;
using System.Net;
using System.Text.Json.Nodes;
using BestOfN.Gateway.Tests.Page;
using BestOfN.Testing.Fakes;
using OpenAI;
using OpenAI.Chat;

namespace BestOfN.Gateway.Tests.Selection;

/// <summary><c>"return": "live"</c>: what happens to each candidate, in chunks without choices.</summary>
public sealed class LiveEventsTests
{
    private const string Live = """
        "stream":true,"best_of_n":{"n":4,"return":"live"}
        """;

    [Fact]
    public async Task Every_candidate_tells_its_text_its_end_its_score_and_its_rank_in_this_order()
    {
        await using var gateway = new TestGateway(FakeGenerator.Answering("a b", "26+21=47 <é>", "ccc", "dddd"));
        var chunks = await gateway.ChatAsync(Live).ChunksAsync();
        var events = Events(chunks);

        for (var index = 0; index < 4; index++)
        {
            var own = events.Where(each => (int)each["index"]! == index).ToList();
            var types = own.Select(each => (string)each["type"]!).SkipWhile(type => type is "text");
            Assert.Equal(["finished", "scored", "ranked"], types);
            Assert.Equal(
                (string?)Report(chunks, index)["message"]!["content"],
                string.Concat(own.Select(each => (string?)each["text"])));
            Assert.Equal((double)Report(chunks, index)["score"]!, (double)own[^2]["score"]!);
            Assert.Equal((int)Report(chunks, index)["rank"]!, (int)own[^1]["rank"]!);
            Assert.Equal(("stop", true), ((string?)own[^3]["finish_reason"], (long)own[^3]["completion_tokens"]! >= 1));
        }

        // The role comes first, and what the choice says is what a client sees that did not ask for events.
        Assert.Equal("assistant", (string?)chunks[0]["choices"]![0]!["delta"]!["role"]);
        Assert.Equal("26+21=47 <é>", chunks.Text());
        Assert.All(chunks.Where(chunk => chunk["best_of_n"]?["events"] is not null), chunk => Assert.Empty(chunk["choices"]!.AsArray()));
        Assert.Equal("stop", (string?)chunks[^1]["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task Text_comes_while_candidates_are_made_and_stands_as_it_is()
    {
        var ending = new TaskCompletionSource();
        await using var gateway = new TestGateway(new FakeGenerator("short", new FakeCandidate("26+21 <é>") { Gate = ending.Task }));
        using var response = await gateway.SendStreamAsync("\"best_of_n\":{\"n\":2,\"return\":\"live\"}");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(TestGateway.Cancellation));
        var seen = "";
        while (!seen.Contains("<é>", StringComparison.Ordinal) || !seen.Contains("finished", StringComparison.Ordinal))
        {
            seen += await lines.ReadLineAsync(TestGateway.Cancellation);
        }

        Assert.Contains("\"text\":\"26+21", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("scored", seen, StringComparison.Ordinal);
        ending.SetResult();
        Assert.EndsWith("[DONE]", (await lines.ReadToEndAsync(TestGateway.Cancellation)).TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_candidate_says_why_and_the_others_go_on()
    {
        await using var gateway = new TestGateway(new FakeGenerator("good", FakeCandidate.Failing("It tripped.")));
        var chunks = await gateway.ChatAsync("\"stream\":true,\"best_of_n\":{\"n\":2,\"return\":\"live\"}").ChunksAsync();
        var failed = Events(chunks).Single(each => (string?)each["type"] is "failed");
        Assert.Equal((1, "It tripped."), ((int)failed["index"]!, (string?)failed["message"]));
        Assert.Equal("good", chunks.Text());
    }

    [Fact]
    public async Task Where_all_are_lost_the_failure_keeps_its_own_status()
    {
        await using var gateway = new TestGateway(new FakeGenerator(FakeCandidate.Failing("Too many.", 429)));
        Assert.Equal("Too many.", (string?)(await gateway.ChatAsync(Live).ErrorAsync(HttpStatusCode.TooManyRequests))["message"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_single_candidate_is_passed_on_and_told_of(bool relays)
    {
        await using var gateway = new TestGateway(FakeGenerator.Answering("one of one"), relays: relays);
        var chunks = await gateway.ChatAsync("\"stream\":true,\"best_of_n\":{\"n\":1,\"return\":\"live\"}").ChunksAsync();
        Assert.Equal("one of one", chunks.Text());
        Assert.Equal("one of one", string.Concat(Events(chunks).Select(each => (string?)each["text"])));
        var types = Events(chunks).Select(each => (string)each["type"]!);
        Assert.Equal(["finished", "scored", "ranked"], types.SkipWhile(type => type is "text"));
    }

    [Fact]
    public async Task The_older_route_tells_them_too()
    {
        await using var gateway = new TestGateway();
        var chunks = await gateway.PostAsync(
            "/v1/completions", """{"model":"pocket","prompt":"?","stream":true,"best_of_n":{"n":2,"return":"live"}}""").ChunksAsync();
        Assert.Equal(2, Events(chunks).Count(each => (string?)each["type"] is "ranked"));
        Assert.Equal("bb", chunks.Text());
    }

    [Fact]
    public async Task Without_a_stream_it_is_refused()
    {
        await using var gateway = new TestGateway();
        var error = await gateway.ChatAsync("\"best_of_n\":{\"return\":\"live\"}").ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal(("best_of_n.return", "invalid_value"), ((string?)error["param"], (string?)error["code"]));
    }

    [Fact]
    public async Task Nobody_gets_events_without_asking()
    {
        await using var gateway = new TestGateway();
        var chunks = await gateway.ChatAsync("\"stream\":true,\"best_of_n\":{\"n\":4,\"return\":\"candidates\"}").ChunksAsync();
        Assert.All(chunks, chunk => Assert.NotEmpty(chunk["choices"]!.AsArray()));
    }

    [Fact]
    public async Task The_official_client_reads_the_answer_as_if_there_were_no_events()
    {
        var generator = FakeGenerator.Answering("a", "the longest of them", "bb");
        await using var gateway = new PageGateway(generator);
        var options = new OpenAIClientOptions { Endpoint = new(gateway.Address, "v1") };
        var client = new OpenAIClient(new ApiKeyCredential("none"), options).GetChatClient("pocket");
#pragma warning disable SCME0001 // the SDK's own way to send fields that it does not know is still marked as new
        var asked = new ChatCompletionOptions();
        asked.Patch.Set("$.best_of_n"u8, BinaryData.FromString("""{"n":3,"return":"live"}"""));
#pragma warning restore SCME0001
        var text = "";
        ChatFinishReason? reason = null;
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("2 + 2?")], asked, TestGateway.Cancellation))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            reason ??= update.FinishReason;
        }

        Assert.Equal(("the longest of them", ChatFinishReason.Stop), (text, reason));
        Assert.Equal(3, generator.Requests.Single().Candidates);
    }

    private static List<JsonNode> Events(IEnumerable<JsonNode> chunks) =>
        [.. chunks.SelectMany(chunk => chunk["best_of_n"]?["events"]?.AsArray().Select(each => each!) ?? [])];

    private static JsonNode Report(IReadOnlyList<JsonNode> chunks, int index) =>
        chunks[^1]["best_of_n"]!["candidates"]!.AsArray().Single(candidate => (int)candidate!["index"]! == index)!;
}
