using System.Net;
using BestOfN.Testing.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace BestOfN.Gateway.Tests.Selection;

/// <summary>What budgets and numbers of a request do.</summary>
public sealed class BudgetTests
{
    [Fact]
    public async Task A_plain_call_is_not_cut_by_the_operators_time_budget()
    {
        var (time, end) = (new FakeTimeProvider(), new TaskCompletionSource());
        var generator = new FakeGenerator(new FakeCandidate("a long answer") { Gate = end.Task });
        await using var gateway = new TestGateway(generator, time: time);
        var answering = gateway.ChatAsync("\"best_of_n\":1").JsonAsync();
        await generator.Hung.WaitAsync(TestGateway.Cancellation);
        time.Advance(TimeSpan.FromMinutes(9));
        end.SetResult();

        var choice = (await answering)["choices"]![0]!;
        Assert.Equal(("a long answer", "stop"), ((string?)choice["message"]!["content"], (string?)choice["finish_reason"]));
    }

    [Fact]
    public async Task An_answer_whose_prompt_nobody_counted_has_no_usage_rather_than_a_wrong_one()
    {
        var time = new FakeTimeProvider();
        var generator = new FakeGenerator(new FakeCandidate("It is") { Hangs = true });
        await using var gateway = new TestGateway(generator, time: time);
        var answering = gateway.ChatAsync("\"best_of_n\":{\"n\":1,\"time_budget_ms\":1000,\"return\":\"scores\"}").JsonAsync();
        await generator.Hung.WaitAsync(TestGateway.Cancellation);
        time.Advance(TimeSpan.FromSeconds(1));

        var body = await answering;
        Assert.Equal("length", (string?)body["choices"]![0]!["finish_reason"]);
        Assert.Null(body["usage"]);
        Assert.Equal("deadline", (string?)body["best_of_n"]!["degraded"]![0]);
    }

    [Theory]
    [InlineData("\"best_of_n\":{\"n\":2,\"token_budget\":41}", "best_of_n.token_budget")]
    [InlineData("\"best_of_n\":{\"n\":2,\"time_budget_ms\":3001}", "best_of_n.time_budget_ms")]
    public async Task A_request_cannot_raise_what_the_operator_allows(string fields, string param)
    {
        var generator = FakeGenerator.Answering("a");
        await using var gateway = new TestGateway(generator, settings: [("BestOfN:TokenBudget", "40"), ("BestOfN:TimeBudget", "00:00:03")]);
        var error = await gateway.ChatAsync(fields).ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal(param, (string?)error["param"]);
        Assert.Empty(generator.Requests);

        await gateway.ChatAsync("\"best_of_n\":{\"n\":2,\"token_budget\":30,\"time_budget_ms\":2999}").JsonAsync();
        Assert.Equal(30, Assert.Single(generator.Requests).TokenBudget);
    }

    [Fact]
    public async Task A_whole_number_may_be_written_with_a_point_or_an_exponent()
    {
        var generator = FakeGenerator.Answering("a");
        await using var gateway = new TestGateway(generator);
        await gateway.ChatAsync("\"max_tokens\":512.0,\"seed\":1e3,\"n\":2.0,\"best_of_n\":{\"n\":4.0}").JsonAsync();

        var request = Assert.Single(generator.Requests);
        Assert.Equal((4, 512, 1000L), (request.Candidates, request.Sampling.MaxTokens!.Value, request.Sampling.Seed!.Value));
    }

    [Theory]
    [InlineData("\"prompt\":[1,2,3]", "token ids")]
    [InlineData("\"prompt\":[[1,2,3]]", "token ids")]
    [InlineData("\"prompt\":7", "but is a number.")]
    [InlineData("\"prompt\":\"a\",\"max_tokens\":1.5", "a number that is not whole")]
    public async Task The_older_route_says_what_is_wrong_with_a_field(string fields, string words)
    {
        await using var gateway = new TestGateway();
        var error = await gateway.PostAsync("/v1/completions", $$"""{"model":"pocket",{{fields}}}""").ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Contains(words, (string?)error["message"], StringComparison.Ordinal);
        Assert.NotNull(error["param"]);
    }

    [Fact]
    public async Task A_stop_of_many_megabytes_is_refused()
    {
        await using var gateway = new TestGateway();
        var error = await gateway.ChatAsync($"\"stop\":\"{new string('x', 1 << 20)}\"").ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal("stop", (string?)error["param"]);
        Assert.True(((string?)error["message"])!.Length < 200);
    }
}
