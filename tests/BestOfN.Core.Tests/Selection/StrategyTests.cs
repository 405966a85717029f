using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;

namespace BestOfN.Core.Tests.Selection;

public sealed class StrategyTests
{
    private static readonly SelectionStrategies _strategies = new(SelectionStrategies.BuiltIn);

    [Fact]
    public void All_strategies_are_found_by_their_names() =>
        Assert.Equal(["first", "majority_vote", "reward", "weighted_vote"], _strategies.Names);

    [Fact]
    public void The_weighted_vote_lets_equal_answers_share_their_weight() =>
        Assert.Equal([2, 1, 0], Ranking(SelectionStrategies.WeightedVote, ("rare", 1.2), ("Common", 1.0), ("common ", 1.1)));

    [Fact]
    public void The_weighted_vote_does_not_let_a_crowd_of_poor_answers_win() =>
        Assert.Equal(0, Ranking(SelectionStrategies.WeightedVote, ("rare", 9), ("common", 1), ("common", 1), ("common", 1))[0]);

    [Fact]
    public void The_weighted_vote_is_reward_where_all_answers_differ()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            // Wide scores underflow in softmax, few distinct ones tie.
            var scale = round % 2 == 0 ? 2000 : 1;
            var scored = Enumerable.Range(0, 8).Select(i => ($"answer {i}", (double?)(random.Next(-3, 4) * scale))).ToArray();
            Assert.Equal(Ranking(SelectionStrategies.Reward, scored), Ranking(SelectionStrategies.WeightedVote, scored));
        }
    }

    [Fact]
    public void The_majority_wins_without_scores() =>
        Assert.Equal([1, 2, 0, 3], Ranking(SelectionStrategies.MajorityVote, ("a", null), ("b", null), ("b", null), ("c", null)));

    [Fact]
    public void Between_equal_majorities_the_better_score_decides_and_then_the_lower_index()
    {
        Assert.Equal(2, Ranking(SelectionStrategies.MajorityVote, ("a", 1), ("a", 2), ("b", 3), ("b", 0))[0]);
        Assert.Equal(0, Ranking(SelectionStrategies.MajorityVote, ("a", 1), ("b", 1))[0]);
    }

    [Fact]
    public void First_keeps_the_order() =>
        Assert.Equal([0, 1, 2], Ranking(SelectionStrategies.First, ("a", 1), ("b", 9), ("b", 9)));

    [Theory]
    [InlineData("  The\n answer\tis 4 ", "the ANSWER is 4")]
    [InlineData("ＡＢ１\u00A0２", "ab1 2")]
    [InlineData("ΣΊΣΥΦΟΣ", "σίσυφος")]
    public void Votes_do_not_tell_these_apart(string one, string other) => Assert.Equal(AnswerKey.Of(one), AnswerKey.Of(other));

    [Theory]
    [InlineData("1 2", "12")]
    [InlineData("4", "4.")]
    [InlineData("-4", "4")]
    public void Votes_tell_these_apart(string one, string other) => Assert.NotEqual(AnswerKey.Of(one), AnswerKey.Of(other));

    [Fact]
    public void A_majority_is_certain_only_when_the_rest_cannot_catch_up()
    {
        var majority = _strategies[SelectionStrategies.MajorityVote];
        Assert.False(majority.IsDecided(Candidates(("a", null), ("a", null)), outstanding: 2));
        Assert.True(majority.IsDecided(Candidates(("a", null), ("a", null), ("a", null)), outstanding: 2));
        Assert.False(majority.IsDecided([], outstanding: 0));
    }

    private static int[] Ranking(string strategy, params (string Text, double? Score)[] candidates) =>
        [.. _strategies[strategy].Rank(Candidates(candidates)).Select(ranked => ranked.Candidate.Index)];

    private static IReadOnlyList<ScoredCandidate> Candidates(params (string Text, double? Score)[] candidates) =>
    [
        .. candidates.Select((candidate, index) => new ScoredCandidate(
            new Candidate { Index = index, Text = candidate.Text, FinishReason = "stop", Usage = new TokenUsage(1, 1), Message = default },
            candidate.Score is { } score ? new CandidateScore(score) : null)),
    ];
}
