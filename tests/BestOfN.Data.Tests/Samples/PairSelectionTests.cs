using BestOfN.Data.Samples;

namespace BestOfN.Data.Tests.Samples;

public sealed class PairSelectionTests
{
    [Fact]
    public void The_pair_with_the_largest_difference_is_taken()
    {
        var (pairs, reason) = new PairSelection().Choose([Of("middle", 1), Of("best one", 3), Of("worst one", -2)]);
        Assert.Null(reason);
        Assert.Equal(("best one", "worst one"), (pairs.Single().Chosen.Text, pairs.Single().Rejected.Text));
    }

    [Fact]
    public void An_answer_that_was_cut_off_is_rejected_but_never_chosen()
    {
        var (pairs, _) = new PairSelection().Choose([Of("cut off best", 9) with { FinishReason = "length" }, Of("whole", 1),
            Of("cut off worst", 0) with { FinishReason = "length" }]);
        Assert.Equal(("whole", "cut off worst"), (pairs.Single().Chosen.Text, pairs.Single().Rejected.Text));
        Assert.Equal(
            NoPair.NoFinishedAnswer,
            new PairSelection().Choose([Of("a", 1) with { FinishReason = "length" }, Of("b", 0) with { FinishReason = "length" }]).Reason);
    }

    [Fact]
    public void A_chosen_answer_that_is_much_longer_gives_way_to_the_next_best_pair()
    {
        SampledAnswer[] answers = [Of("twelve chars", 9), Of("short", 5), Of("tiny.", 1)];
        Assert.Equal("short", new PairSelection { MaxLengthRatio = 1.5 }.Choose(answers).Pairs.Single().Chosen.Text);
        Assert.Equal("twelve chars", new PairSelection { MaxLengthRatio = null }.Choose(answers).Pairs.Single().Chosen.Text);
        Assert.Equal(NoPair.TooLong, new PairSelection().Choose(answers[..2]).Reason);
    }

    [Fact]
    public void Answers_that_say_the_same_are_no_pair()
    {
        Assert.Equal(NoPair.SameAnswers, new PairSelection().Choose([Of("Yes", 1), Of(" yes ", 0)]).Reason);
        Assert.Equal("no!", new PairSelection().Choose([Of("Yes", 1), Of(" yes ", 0), Of("no!", 0.5)]).Pairs.Single().Rejected.Text);
    }

    [Fact]
    public void A_difference_below_the_margin_is_no_pair_and_equal_scores_never_are()
    {
        Assert.Equal(NoPair.TooClose, new PairSelection { Margin = 2 }.Choose([Of("a", 1), Of("b", 0)]).Reason);
        Assert.Single(new PairSelection { Margin = 1 }.Choose([Of("a", 1), Of("b", 0)]).Pairs);
        Assert.Equal(NoPair.TooClose, new PairSelection().Choose([Of("a", 1), Of("b", 1)]).Reason);
    }

    [Fact]
    public void No_answer_is_in_two_pairs_of_a_prompt()
    {
        var (pairs, _) = new PairSelection { PairsPerPrompt = 3 }.Choose([Of("a", 4), Of("b", 3), Of("c", 2), Of("d", 1), Of("e", 0)]);
        Assert.Equal(["a e", "b d"], pairs.Select(p => $"{p.Chosen.Text} {p.Rejected.Text}"));
    }

    [Fact]
    public void Answers_without_a_score_or_without_text_do_not_count() =>
        Assert.Equal(NoPair.TooFewScores, new PairSelection().Choose([Of("a", 1), Of("b", null), Of(" ", 0)]).Reason);

    private static SampledAnswer Of(string text, double? score) => new(text, "stop", 1, score, null);
}
