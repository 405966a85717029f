using System.Net;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Testing.Fakes;

namespace BestOfN.Gateway.Tests.Chat;

/// <summary>What a client sees of texts that are longer than a model reads.</summary>
public sealed class TooLongTests
{
    [Fact]
    public async Task A_candidate_that_is_too_long_for_the_reward_model_has_a_null_score_and_ranks_last()
    {
        var reward = new FakeRewardModel(answer => answer.Text.Length > 10 ? null : answer.Text.Length);
        await using var gateway = new TestGateway(FakeGenerator.Answering("this one is much too long", "a", "bb"), reward);
        var body = await gateway.ChatAsync("\"best_of_n\":{\"n\":3,\"return\":\"candidates\"}").JsonAsync();

        var candidates = body["best_of_n"]!["candidates"]!.AsArray();
        Assert.Equal("bb", (string?)body["choices"]![0]!["message"]!["content"]);
        Assert.Equal([2, 1, 0], candidates.Select(candidate => (int)candidate!["index"]!));
        Assert.True(candidates[2]!.AsObject().TryGetPropertyValue("score", out var score) && score is null);
        Assert.Equal(["too_long_to_judge:0"], body["best_of_n"]!["degraded"]!.AsArray().Select(word => (string?)word));
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_for_the_reward_model_is_a_400_before_a_candidate_is_made()
    {
        var generator = FakeGenerator.Answering("a");
        var tooLong = Failure.PromptTooLong("The messages have 9 tokens; 8 are allowed.");
        var reward = new FakeRewardModel(_ => 0) { Sight = _ => throw new ScoringFailedException(tooLong) };
        await using var gateway = new TestGateway(generator, reward);
        var error = await gateway.ChatAsync("\"best_of_n\":2").ErrorAsync(HttpStatusCode.BadRequest);

        Assert.Equal(("context_length_exceeded", "messages"), ((string?)error["code"], (string?)error["param"]));
        Assert.Empty(generator.Requests);
        await gateway.ChatAsync("\"best_of_n\":1").JsonAsync();
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_for_a_model_in_this_process_is_a_400_that_names_the_messages()
    {
        var failure = new GenerationFailedException(Failure.PromptTooLong("9 tokens are too many."));
        var generator = new FakeGenerator(new FakeCandidate("") { Failure = failure });
        await using var gateway = new TestGateway(generator);
        var error = await gateway.ChatAsync("\"best_of_n\":1").ErrorAsync(HttpStatusCode.BadRequest);

        Assert.Equal(("context_length_exceeded", "messages"), ((string?)error["code"], (string?)error["param"]));
        error = await gateway.PostAsync("/v1/completions", """{"model":"pocket","prompt":"a","best_of_n":1}""")
            .ErrorAsync(HttpStatusCode.BadRequest);
        Assert.Equal(("context_length_exceeded", "prompt"), ((string?)error["code"], (string?)error["param"]));
    }
}
