using System.Threading.Channels;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;
using BestOfN.Testing.Fakes;

namespace BestOfN.Core.Tests.Selection;

public sealed class BestOfNSelectorTests
{
    [Theory]
    [InlineData(SelectionStrategies.Reward)]
    [InlineData(SelectionStrategies.WeightedVote)]
    public async Task A_candidate_that_is_too_long_to_be_judged_costs_only_itself(string strategy)
    {
        var reward = new FakeRewardModel(answer => answer.Text.Length > 10 ? null : answer.Text.Length);
        var selection = await Selectors.SelectAsync(
            FakeGenerator.Answering("much too long an answer", "b", "ccc", "dd"), reward, 4, strategy);

        Assert.Equal([2, 3, 1, 0], selection.Candidates.Select(candidate => candidate.Index));
        Assert.Equal([3.0, 2, 1, null], selection.Candidates.Select(candidate => candidate.Score?.Value));
        Assert.Equal(["too_long_to_judge:0"], selection.Degraded);
    }

    [Fact]
    public async Task A_prompt_that_is_too_long_to_be_judged_is_refused_before_a_candidate_costs_anything()
    {
        var generator = FakeGenerator.Answering("a");
        var reward = new FakeRewardModel(_ => 0) { Sight = _ => throw new ScoringFailedException(Failure.PromptTooLong("Too long.")) };
        await Assert.ThrowsAsync<ScoringFailedException>(() => Selectors.SelectAsync(generator, reward, 4));
        Assert.Empty(generator.Requests);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Answers_with_the_candidate_that_scores_highest()
    {
        var selection = await Selectors.SelectAsync(
            FakeGenerator.Answering("poor", "good", "fair"), FakeRewardModel.Scoring(("poor", -1), ("good", 2), ("fair", 1)), 3);

        Assert.Equal("good", selection.Winner.Candidate!.Text);
        Assert.Equal([1, 2, 0], selection.Ranking.Select(ranked => ranked.Index));
        Assert.Equal([1, 2, 3], selection.Ranking.Select(ranked => ranked.Rank!.Value));
        Assert.All(selection.Candidates, ranked => Assert.Equal(CandidateStatus.Scored, ranked.Status));
        Assert.Empty(selection.Degraded);
    }

    [Fact]
    public async Task Who_looks_on_sees_what_happens_to_every_candidate_in_its_order()
    {
        var live = Channel.CreateUnbounded<GenerationEvent>();
        var generator = new FakeGenerator(FakeCandidate.FromText("poor"), FakeCandidate.Failing(), FakeCandidate.FromText("good"));
        var request = Selectors.Request(generator, FakeRewardModel.Scoring(("poor", -1), ("good", 2)), 3) with { Live = live };
        await Selectors.With().SelectAsync(request, Cancellation);

        Assert.True(live.Writer.TryComplete());
        var seen = await live.Reader.ReadAllAsync(Cancellation).ToListAsync(Cancellation);
        Assert.Equal(["poor"], seen.OfType<CandidateDelta>().Where(delta => delta.Index == 0).Select(delta => delta.Text));
        Assert.Equal([0, 2], seen.OfType<CandidateFinished>().Select(finished => finished.Index));
        Assert.Equal([1], seen.OfType<CandidateFailed>().Select(failed => failed.Index));
        Assert.All(seen.OfType<CandidateDelta>(), delta =>
            Assert.True(seen.IndexOf(delta) < seen.FindIndex(other => other.Index == delta.Index && other is CandidateFinished)));
    }

    [Fact]
    public async Task Judges_all_candidates_in_one_pass()
    {
        var reward = FakeRewardModel.ByLength();
        await Selectors.SelectAsync(FakeGenerator.Answering("a", "bb", "ccc"), reward, 3);

        Assert.Equal([0, 1, 2], Assert.Single(reward.Passes).Select(answer => answer.Index));
        Assert.All(reward.Passes[0], answer => Assert.True(answer.IsComplete));
    }

    [Fact]
    public async Task The_judge_reads_the_prompt_while_the_generator_is_busy()
    {
        var gate = new TaskCompletionSource();
        var reward = FakeRewardModel.ByLength();
        var generator = new FakeGenerator(new FakeCandidate("a") { Gate = gate.Task });
        var selection = Selectors.SelectAsync(generator, reward, 2);

        await generator.Hung.WaitAsync(Cancellation);
        Assert.Equal("2 + 2?", Assert.Single(reward.Prompts).Messages[0].Text);
        Assert.False(selection.IsCompleted);
        gate.SetResult();
        await selection;
    }

    [Fact]
    public async Task Equal_scores_go_to_the_lower_index()
    {
        var selection = await Selectors.SelectAsync(FakeGenerator.Answering("a", "b", "c"), new FakeRewardModel(_ => 1), 3);
        Assert.Equal([0, 1, 2], selection.Ranking.Select(ranked => ranked.Index));
    }

    [Fact]
    public async Task One_lost_candidate_does_not_take_the_others_with_it()
    {
        var generator = new FakeGenerator("a", FakeCandidate.Failing(), "ccc");
        var selection = await Selectors.SelectAsync(generator, FakeRewardModel.ByLength(), 3);

        Assert.Equal("ccc", selection.Winner.Candidate!.Text);
        Assert.Equal(["candidate_failed:1"], selection.Degraded);
        Assert.Equal(2, selection.Scored);
        var lost = selection.Candidates[^1];
        Assert.Equal((1, CandidateStatus.Failed, null), (lost.Index, lost.Status, lost.Rank));
    }

    [Fact]
    public async Task A_candidate_that_never_ends_counts_as_lost_when_the_generator_has_ended()
    {
        var selection = await Selectors.SelectAsync(new ShortGenerator(), FakeRewardModel.ByLength(), 2);

        Assert.Equal("only", selection.Winner.Candidate!.Text);
        Assert.Equal(["candidate_failed:1"], selection.Degraded);
    }

    [Fact]
    public async Task A_generator_that_breaks_loses_only_what_is_unfinished()
    {
        var selection = await Selectors.SelectAsync(
            new ShortGenerator(new InvalidOperationException("bug")), FakeRewardModel.ByLength(), 2);
        Assert.Equal(["candidate_failed:1"], selection.Degraded);
    }

    [Fact]
    public async Task When_all_are_refused_alike_the_refusal_is_passed_on()
    {
        var failure = await Assert.ThrowsAsync<GenerationFailedException>(() =>
            Selectors.SelectAsync(new FakeGenerator(FakeCandidate.Failing("too long", 400)), FakeRewardModel.ByLength(), 3));

        Assert.Equal(400, failure.Failure.Upstream?.Status);
        Assert.Equal("too long", failure.Message);
    }

    [Fact]
    public async Task When_all_fail_differently_no_single_status_is_passed_on()
    {
        var generator = new FakeGenerator(FakeCandidate.Failing("too long", 400), FakeCandidate.Failing("busy", 503));
        var failure = await Assert.ThrowsAsync<GenerationFailedException>(
            () => Selectors.SelectAsync(generator, FakeRewardModel.ByLength(), 2));

        Assert.Null(failure.Failure.Upstream);
        Assert.IsType<GenerationFailedException>(failure.InnerException);
    }

    [Fact]
    public async Task A_failing_judge_leads_to_the_majority_and_is_reported()
    {
        var selection = await Selectors.SelectAsync(FakeGenerator.Answering("5", "4", "4 "), FakeRewardModel.Failing(), 3);

        Assert.Equal("4", selection.Winner.Candidate!.Text);
        Assert.Equal(["scorer_failed"], selection.Degraded);
        Assert.Equal(0, selection.Scored);
        Assert.All(selection.Candidates, ranked => Assert.Equal(CandidateStatus.Finished, ranked.Status));
    }

    [Fact]
    public async Task A_failing_judge_leads_to_the_first_where_all_differ()
    {
        var selection = await Selectors.SelectAsync(FakeGenerator.Answering("5", "4", "3"), FakeRewardModel.Failing(), 3);
        Assert.Equal("5", selection.Winner.Candidate!.Text);
    }

    [Fact]
    public async Task A_judge_that_cannot_begin_is_a_failing_judge()
    {
        var reward = new FakeRewardModel(_ => 0) { BeginFailure = new ScoringFailedException("The prompt is too long.") };
        var selection = await Selectors.SelectAsync(FakeGenerator.Answering("a", "b"), reward, 2);
        Assert.Equal(["scorer_failed"], selection.Degraded);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_judge_cannot_see_is_refused_before_a_candidate_is_asked_for(bool sendersFault)
    {
        var refusal = sendersFault
            ? new ScoringFailedException(Failure.Unreadable(new ImagePart(default), "The picture is truncated."))
            : new ScoringFailedException("Videos need ffmpeg.") { IsPromptUnreadable = true };
        var generator = FakeGenerator.Answering("a", "b");
        var reward = new FakeRewardModel(_ => 0) { Sight = _ => throw refusal };

        Assert.Same(refusal, await Assert.ThrowsAsync<ScoringFailedException>(() => Selectors.SelectAsync(generator, reward, 2)));
        Assert.Empty(generator.Requests);
        Assert.Equal(0, reward.OpenSessions);
    }

    [Fact]
    public async Task No_candidate_is_asked_for_while_the_judge_looks()
    {
        var seen = new TaskCompletionSource();
        var generator = FakeGenerator.Answering("a", "bb");
        var reward = new FakeRewardModel(answer => answer.Text.Length) { Sight = _ => seen.Task };
        var selection = Selectors.SelectAsync(generator, reward, 2);

        Assert.Single(reward.Prompts);
        Assert.Empty(generator.Requests);
        seen.SetResult();
        Assert.Equal("bb", (await selection).Winner.Candidate!.Text);
    }

    [Fact]
    public async Task A_judge_that_knows_from_the_prompt_that_it_will_fail_is_not_asked_again()
    {
        var reward = new FakeRewardModel(_ => 0) { Sight = _ => throw new ScoringFailedException("The prompt is too long.") };
        var selection = await Selectors.SelectAsync(FakeGenerator.Answering("a", "b"), reward, 2);
        Assert.Equal(["scorer_failed"], selection.Degraded);
        Assert.Empty(reward.Passes);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public async Task A_score_that_is_no_number_never_wins(double nonsense)
    {
        var selection = await Selectors.SelectAsync(
            FakeGenerator.Answering("a", "b", "c"), FakeRewardModel.Scoring(("a", nonsense), ("b", -5), ("c", -4)), 3);

        Assert.Equal([2, 1, 0], selection.Ranking.Select(ranked => ranked.Index));
        Assert.Equal(["scorer_failed"], selection.Degraded);
        Assert.Null(selection.Ranking.Last().Score);
    }

    [Fact]
    public async Task An_answer_cut_short_loses_against_every_finished_one()
    {
        var generator = new FakeGenerator(new FakeCandidate("long and pretty") { FinishReason = "length" }, "ok");
        var selection = await Selectors.SelectAsync(generator, FakeRewardModel.ByLength(), 2);
        Assert.Equal("ok", selection.Winner.Candidate!.Text);
    }

    [Fact]
    public async Task An_answer_cut_short_wins_among_its_like()
    {
        var generator = new FakeGenerator(
            new FakeCandidate("a") { FinishReason = "length" }, new FakeCandidate("bb") { FinishReason = "length" });
        var selection = await Selectors.SelectAsync(generator, FakeRewardModel.ByLength(), 2);
        Assert.Equal("bb", selection.Winner.Candidate!.Text);
        Assert.Equal("length", selection.Winner.Candidate.FinishReason);
    }

    [Fact]
    public async Task Usage_counts_all_candidates_and_the_prompt_once()
    {
        var generator = new FakeGenerator(
            new FakeCandidate("a") { CompletionTokens = 5 }, new FakeCandidate("bb") { CompletionTokens = 11 });
        var selection = await Selectors.SelectAsync(generator, FakeRewardModel.ByLength(), 2);
        Assert.Equal(new TokenUsage(7, 16), selection.TotalUsage);
        Assert.Equal(new TokenUsage(7, 11), selection.Winner.Candidate!.Usage);
    }

    [Fact]
    public async Task A_single_candidate_is_not_judged()
    {
        var reward = FakeRewardModel.ByLength();
        var selection = await Selectors.SelectAsync(FakeGenerator.Answering("a"), reward, 1);

        Assert.Empty(reward.Prompts);
        Assert.Null(selection.RewardModel);
        Assert.Equal(CandidateStatus.Finished, selection.Winner.Status);
    }

    [Fact]
    public async Task A_single_candidate_is_judged_where_the_caller_wants_scores()
    {
        var request = Selectors.Request(FakeGenerator.Answering("abc"), FakeRewardModel.ByLength(), 1) with { WantsScores = true };
        var selection = await Selectors.With().SelectAsync(request, Cancellation);
        Assert.Equal(3, selection.Winner.Score!.Value.Value);
    }

    [Fact]
    public async Task At_temperature_0_one_candidate_is_made_and_that_is_said()
    {
        var generator = FakeGenerator.Answering("a");
        var request = Selectors.Request(generator, FakeRewardModel.ByLength(), 8);
        request = request with { Generation = request.Generation with { Sampling = new SamplingParameters { Temperature = 0 } } };
        var selection = await Selectors.With().SelectAsync(request, Cancellation);

        Assert.Equal(1, Assert.Single(generator.Requests).Candidates);
        Assert.Equal(["greedy_single"], selection.Degraded);
        Assert.Equal(1, selection.Requested);
    }

    [Fact]
    public async Task The_order_reaches_the_generator_unchanged()
    {
        var generator = FakeGenerator.Answering("a", "b");
        var request = Selectors.Request(generator, FakeRewardModel.ByLength(), 2);
        request = request with
        {
            Generation = request.Generation with { Sampling = new SamplingParameters { Temperature = 0.7, Seed = 5, Stop = ["x"] },
                TokenBudget = 900, Body = new byte[] { 1 } },
        };
        await Selectors.With().SelectAsync(request, Cancellation);
        Assert.Equal(request.Generation, Assert.Single(generator.Requests));
    }

    [Fact]
    public async Task Tool_calls_are_told_apart_by_the_judge()
    {
        static FakeCandidate Calling(string id, string city) => new("")
        {
            FinishReason = "tool_calls",
            Message = """{"role":"assistant","content":null,"refusal":null,"tool_calls":["""
                + $$$"""{"id":"{{{id}}}","type":"function","function":{"name":"weather","arguments":"{\"city\":\"{{{city}}}\"}"}}]}""",
        };
        var reward = FakeRewardModel.ByLength();
        await Selectors.SelectAsync(new FakeGenerator(Calling("call_1", "Rome"), Calling("call_2", "Ulm")), reward, 2);
        Assert.Equal(["""weather({"city":"Rome"})""", """weather({"city":"Ulm"})"""], reward.Passes[0].Select(answer => answer.Text));
    }

    [Fact]
    public async Task A_vote_that_can_no_longer_change_ends_the_rest()
    {
        var generator = new FakeGenerator("4", "4", new FakeCandidate("5") { Hangs = true });
        var selection = await Selectors.SelectAsync(generator, null, 3, SelectionStrategies.MajorityVote);

        Assert.Equal("4", selection.Winner.Candidate!.Text);
        Assert.Empty(selection.Degraded);
        Assert.Equal(CandidateStatus.Cancelled, selection.Candidates[2].Status);
        await generator.Ended.WaitAsync(Cancellation);
    }

    [Fact]
    public async Task The_first_strategy_waits_for_nobody_else()
    {
        var selection = await Selectors.SelectAsync(FakeGenerator.Answering("4").ThenHanging(), null, 2, SelectionStrategies.First);
        Assert.Equal("4", selection.Winner.Candidate!.Text);
    }

    [Fact]
    public async Task Requests_share_no_state()
    {
        var selector = Selectors.With();
        var many = Enumerable.Range(0, 50).Select(i => selector.SelectAsync(
            Selectors.Request(
                FakeGenerator.Answering("a", "bb"),
                i % 2 == 0 ? FakeRewardModel.ByLength() : new FakeRewardModel(answer => -answer.Text.Length), 2), Cancellation));
        var winners = await Task.WhenAll(many);
        Assert.All(winners.Index(), pair => Assert.Equal(pair.Index % 2 == 0 ? "bb" : "a", pair.Item.Winner.Candidate!.Text));
    }

    /// <summary>Makes one candidate whatever was ordered, like a server that ignores <c>n</c>; then ends or breaks.</summary>
    private sealed class ShortGenerator(Exception? exception = null) : IGenerator, IGeneration
    {
        public IAsyncEnumerable<GenerationEvent> Events => ReadAsync();

        public IGeneration Start(GenerationRequest request, CancellationToken cancellationToken) => this;

        public void Cancel(int index)
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private async IAsyncEnumerable<GenerationEvent> ReadAsync()
        {
            await Task.Yield();
            yield return new CandidateFinished(
                new Candidate { Index = 0, Text = "only", FinishReason = "stop", Usage = new TokenUsage(1, 1), Message = default });
            if (exception is not null)
            {
                throw exception;
            }
        }
    }
}
