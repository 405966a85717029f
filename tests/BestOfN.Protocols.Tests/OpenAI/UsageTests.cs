using BestOfN.Protocols.OpenAI;
using BestOfN.Testing.Upstream;

namespace BestOfN.Protocols.Tests.OpenAI;

public sealed class UsageTests
{
    [Fact]
    public async Task One_choice_used_what_the_upstream_says()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("a", "b") with { TokensPerPiece = 5 });
        using var generator = new GeneratorUnderTest(upstream);

        var usage = (await generator.RunAsync(1)).Finished[0].Usage;

        Assert.Equal(10, usage.CompletionTokens);
        Assert.Equal(7, usage.PromptTokens);
    }

    [Theory]
    [InlineData(UsageReport.Zero)]
    [InlineData(UsageReport.Missing)]
    public async Task Without_a_usable_report_the_pieces_are_counted(UsageReport report)
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("a", "b", "c"));
        upstream.Usage = report;
        using var generator = new GeneratorUnderTest(upstream);

        Assert.Equal(3, (await generator.RunAsync(1)).Finished[0].Usage.CompletionTokens);
    }

    [Fact]
    public async Task A_report_of_the_first_choice_alone_is_not_taken_for_all()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Saying("a", "b"), ScriptedAnswer.Saying("a", "b", "c", "d"), ScriptedAnswer.Saying("a"));
        upstream.Usage = UsageReport.FirstChoiceOnly;
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);

        var outcome = await generator.RunAsync(3, seed: 0);

        Assert.Equal([2, 4, 1], outcome.Finished.Select(c => c.Usage.CompletionTokens));
    }

    [Fact]
    public async Task Several_choices_together_used_what_the_upstream_says()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Saying("a", "b") with { TokensPerPiece = 3 }, ScriptedAnswer.Saying("a") with { TokensPerPiece = 3 });
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);

        var outcome = await generator.RunAsync(2, seed: 0);

        Assert.Equal(9, outcome.Finished.Sum(c => c.Usage.CompletionTokens));
    }

    [Fact]
    public async Task Logprobs_count_the_tokens_of_every_choice_exactly()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Saying("a", "b") with { TokensPerPiece = 3, Logprobs = true },
            ScriptedAnswer.Saying("a") with { TokensPerPiece = 3, Logprobs = true });
        upstream.Usage = UsageReport.FirstChoiceOnly;
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);

        var outcome = await generator.RunAsync(2, seed: 0);

        Assert.Equal([6, 3], outcome.Finished.Select(c => c.Usage.CompletionTokens));
    }

    [Theory]
    [InlineData(ChoiceCalls.SingleCall)]
    [InlineData(ChoiceCalls.MultipleCalls)]
    public async Task A_token_budget_ends_what_is_running_once_it_is_spent(ChoiceCalls calls)
    {
        await using var upstream = await OpenAIUpstream.StartAsync(ScriptedAnswer.Saying("a", "b", "c", "d") with { HangsAfter = 3 });
        using var generator = new GeneratorUnderTest(upstream, calls);

        var outcome = await generator.RunAsync(2, tokenBudget: 6);

        Assert.Equal(["abc", "abc"], outcome.Finished.Select(c => c.Text));
        Assert.All(outcome.Finished, candidate => Assert.Equal("length", candidate.FinishReason));
        await upstream.Aborted.ReachesAsync(calls is ChoiceCalls.SingleCall ? 1 : 2);
    }

    [Fact]
    public async Task What_finished_before_the_budget_was_spent_keeps_its_finish_reason()
    {
        await using var upstream = await OpenAIUpstream.StartAsync(
            ScriptedAnswer.Saying("a"), ScriptedAnswer.Saying("b", "c", "d") with { HangsAfter = 2 });
        using var generator = new GeneratorUnderTest(upstream, ChoiceCalls.SingleCall);

        var outcome = await generator.RunAsync(2, seed: 0, tokenBudget: 3);

        Assert.Equal(["stop", "length"], outcome.Finished.Select(c => c.FinishReason));
    }

    [Theory]
    [InlineData("""{"messages":[],"max_tokens":100}""", "max_tokens", 50, 50)]
    [InlineData("""{"messages":[],"max_completion_tokens":100}""", "max_completion_tokens", 50, 50)]
    [InlineData("""{"messages":[],"max_tokens":20}""", "max_tokens", 50, 20)]
    [InlineData("""{"messages":[]}""", "max_tokens", 50, 50)]
    [InlineData("""{"messages":[],"max_tokens":100}""", "max_tokens", null, 100)]
    public async Task A_token_budget_lowers_the_limit_of_each_call_and_never_raises_it(string body, string field, int? budget, int expected)
    {
        await using var upstream = await OpenAIUpstream.StartAsync("a");
        using var generator = new GeneratorUnderTest(upstream);

        await generator.RunAsync(1, body, tokenBudget: budget);

        var json = Assert.Single(upstream.Requests).Json;
        Assert.Equal(expected, json.GetProperty(field).GetInt32());
        Assert.Single(json.EnumerateObject(), property => property.Name.StartsWith("max_", StringComparison.Ordinal));
    }
}
