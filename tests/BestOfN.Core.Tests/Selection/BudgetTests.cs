using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Selection;
using BestOfN.Testing.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace BestOfN.Core.Tests.Selection;

/// <summary>The time budget is 10 s: judging in waves begins at 5 s, generation ends at 9 s, the answer goes out at 10 s.</summary>
public sealed class BudgetTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Answers_with_the_best_so_far_when_time_runs_out()
    {
        var generator = FakeGenerator.Answering("poor", "good").ThenHanging();
        var reward = FakeRewardModel.Scoring(("poor", -1), ("good", 2));
        var selection = Start(Selectors.Request(generator, reward, 3));

        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(9));

        var chosen = await selection;
        Assert.Equal("good", chosen.Winner.Candidate!.Text);
        Assert.Equal(["deadline"], chosen.Degraded);
        Assert.Equal(CandidateStatus.Cancelled, chosen.Candidates[2].Status);
        await generator.Ended.WaitAsync(Cancellation);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_judge_that_looks_too_long_costs_no_candidate(bool hangsUp)
    {
        var generator = FakeGenerator.Answering("a", "b");
        var reward = new FakeRewardModel(_ => 0) { Sight = _ => Task.Delay(Timeout.Infinite, Cancellation) };
        using var caller = new CancellationTokenSource();
        var selection = Selectors.With(_time).SelectAsync(Selectors.Request(generator, reward, 2), caller.Token);

        if (hangsUp)
        {
            await caller.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => selection);
        }
        else
        {
            _time.Advance(TimeSpan.FromSeconds(9));
            Assert.Equal(FailureKind.TimedOut, (await Assert.ThrowsAsync<GenerationFailedException>(() => selection)).Failure.Kind);
        }

        Assert.Empty(generator.Requests);
    }

    [Fact]
    public async Task Half_of_the_time_is_counted_from_the_request_and_not_from_the_look()
    {
        var seen = new TaskCompletionSource();
        var generator = FakeGenerator.Answering("a", "bb").ThenHanging();
        var reward = new FakeRewardModel(answer => answer.Text.Length) { Sight = _ => seen.Task };
        var selection = Start(Selectors.Request(generator, reward, 3));

        _time.Advance(TimeSpan.FromSeconds(4));
        seen.SetResult();
        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(1));
        await reward.Scored.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(2, (await selection).Scored);
    }

    [Fact]
    public async Task What_was_judged_early_counts_when_the_last_pass_does_not_end()
    {
        var late = new TaskCompletionSource();
        var passes = 0;
        var generator = new FakeGenerator("poor", "good", new FakeCandidate("late") { Gate = late.Task });
        var reward = new FakeRewardModel(answer => answer.Text.Length)
        {
            PassGate = _ => passes++ == 0 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, Cancellation),
        };
        var selection = Start(Selectors.Request(generator, reward, 3));

        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(5));
        await reward.Scored.WaitAsync(Cancellation);
        late.SetResult();
        await reward.SecondPass.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(5));

        var chosen = await selection;
        Assert.Equal(["poor", "good"], reward.Passes[0].Select(answer => answer.Text));
        Assert.Equal(["late"], reward.Passes[1].Select(answer => answer.Text));
        Assert.Equal((0, 2), (chosen.Winner.Index, chosen.Scored));
        Assert.Equal(["deadline"], chosen.Degraded);
        Assert.Equal((2, CandidateStatus.Finished), (chosen.Candidates[2].Index, chosen.Candidates[2].Status));
    }

    [Fact]
    public async Task A_judge_that_never_answers_does_not_hold_the_answer_back()
    {
        var reward = new FakeRewardModel(_ => 0) { PassGate = _ => Task.Delay(Timeout.Infinite, Cancellation) };
        var selection = Start(Selectors.Request(FakeGenerator.Answering("a", "b", "b"), reward, 3));

        await reward.FirstPass.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(10));

        var chosen = await selection;
        Assert.Equal("b", chosen.Winner.Candidate!.Text);
        Assert.Equal(["deadline"], chosen.Degraded);
        Assert.Equal(0, chosen.Scored);
    }

    [Fact]
    public async Task A_beginning_is_better_than_nothing()
    {
        var generator = new FakeGenerator(new FakeCandidate("It is") { Hangs = true }, new FakeCandidate("The answer is") { Hangs = true });
        var reward = FakeRewardModel.ByLength();
        var selection = Start(Selectors.Request(generator, reward, 2));

        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(9));

        var chosen = await selection;
        Assert.Equal("The answer is", chosen.Winner.Candidate!.Text);
        Assert.Equal("length", chosen.Winner.Candidate.FinishReason);
        Assert.Equal(
            """{"role":"assistant","content":"The answer is","refusal":null}""",
            System.Text.Encoding.UTF8.GetString(chosen.Winner.Candidate.Message.Span));
        Assert.All(reward.Passes[0], answer => Assert.False(answer.IsComplete));
        Assert.Equal(["deadline"], chosen.Degraded);
        Assert.Equal(5, chosen.TotalUsage.CompletionTokens);
        Assert.Equal(0, chosen.Finished);
    }

    [Fact]
    public async Task Nothing_at_all_by_the_deadline_is_a_timeout()
    {
        var generator = new FakeGenerator(new FakeCandidate("") { Hangs = true });
        var selection = Start(Selectors.Request(generator, FakeRewardModel.ByLength(), 2));

        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(10));

        var failure = await Assert.ThrowsAsync<GenerationFailedException>(() => selection);
        Assert.Equal(FailureKind.TimedOut, failure.Failure.Kind);
    }

    [Fact]
    public async Task A_single_candidate_has_the_whole_time_budget()
    {
        var end = new TaskCompletionSource();
        var generator = new FakeGenerator(new FakeCandidate("done") { Gate = end.Task });
        var selection = Start(Selectors.Request(generator, FakeRewardModel.ByLength(), 1));

        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(9.9));
        end.SetResult();
        Assert.Empty((await selection).Degraded);
    }

    [Fact]
    public async Task A_budget_that_nobody_asked_for_does_not_cut_a_single_answer()
    {
        var end = new TaskCompletionSource();
        var generator = new FakeGenerator(new FakeCandidate("It is done") { Gate = end.Task });
        var selection = Start(Selectors.Request(generator, FakeRewardModel.ByLength(), 1) with { CutsAnswers = false });

        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromMinutes(20));
        end.SetResult();

        var chosen = await selection;
        Assert.Equal(("It is done", "stop"), (chosen.Winner.Candidate!.Text, chosen.Winner.Candidate.FinishReason));
        Assert.Empty(chosen.Degraded);
    }

    [Fact]
    public async Task A_budget_that_nobody_asked_for_waits_for_the_first_answer_and_for_no_other()
    {
        var end = new TaskCompletionSource();
        var generator = new FakeGenerator(new FakeCandidate("It is") { Hangs = true }, new FakeCandidate("It is done") { Gate = end.Task });
        var selection = Start(Selectors.Request(generator, FakeRewardModel.ByLength(), 2) with { CutsAnswers = false });

        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.False(selection.IsCompleted);
        end.SetResult();

        var chosen = await selection;
        Assert.Equal(("It is done", "stop"), (chosen.Winner.Candidate!.Text, chosen.Winner.Candidate.FinishReason));
        Assert.Equal(["deadline"], chosen.Degraded);
    }

    [Fact]
    public async Task A_budget_that_nobody_asked_for_ends_the_waiting_once_there_is_an_answer()
    {
        var generator = FakeGenerator.Answering("done").ThenHanging("It is");
        var selection = Start(Selectors.Request(generator, FakeRewardModel.ByLength(), 2) with { CutsAnswers = false });

        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal("done", (await selection).Winner.Candidate!.Text);
    }

    [Fact]
    public async Task A_beginning_knows_the_tokens_of_its_prompt_where_the_generator_does()
    {
        var generator = new FakeGenerator(new FakeCandidate("It is") { Hangs = true }) { PromptTokens = 7 };
        var selection = Start(Selectors.Request(generator, FakeRewardModel.ByLength(), 1));

        await generator.Hung.WaitAsync(Cancellation);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(new TokenUsage(7, 2), (await selection).TotalUsage);
    }

    [Fact]
    public async Task A_generator_that_ignores_the_token_budget_is_ended()
    {
        var generator = new FakeGenerator("one two", new FakeCandidate("one two three four five six") { Hangs = true });
        var request = Selectors.Request(generator, FakeRewardModel.ByLength(), 2);
        var chosen = await Start(request with { Generation = request.Generation with { TokenBudget = 5 } });

        Assert.Equal("one two", chosen.Winner.Candidate!.Text);
        Assert.Equal(["token_budget"], chosen.Degraded);
        Assert.Equal(6, chosen.TotalUsage.CompletionTokens);
    }

    [Fact]
    public async Task Answers_cut_by_the_generator_for_the_token_budget_are_reported()
    {
        var generator = new FakeGenerator("one two", new FakeCandidate("one two three") { FinishReason = "length" });
        var request = Selectors.Request(generator, FakeRewardModel.ByLength(), 2);
        var chosen = await Start(request with { Generation = request.Generation with { TokenBudget = 5 } });
        Assert.Equal(["token_budget"], chosen.Degraded);
    }

    [Fact]
    public async Task A_caller_who_hangs_up_ends_all_work()
    {
        using var caller = new CancellationTokenSource();
        var generator = FakeGenerator.Answering("a").ThenHanging();
        var reward = FakeRewardModel.ByLength();
        var selection = Selectors.With(_time).SelectAsync(Selectors.Request(generator, reward, 2), caller.Token);

        await generator.Hung.WaitAsync(Cancellation);
        Assert.Equal(1, reward.OpenSessions);
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => selection);
        await generator.Ended.WaitAsync(Cancellation);
        Assert.Equal(0, reward.OpenSessions);
        Assert.Empty(reward.Passes);
    }

    private Task<SelectionResult> Start(SelectionRequest request) => Selectors.With(_time).SelectAsync(request, Cancellation);
}
