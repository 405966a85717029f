using BestOfN.Training.Policy.Objectives;

namespace BestOfN.Training.Tests.Policy.Objectives;

public sealed class AnswerChoiceTests
{
    [Fact]
    public void The_answers_of_a_group_that_are_trained_on_are_those_of_the_reference()
    {
        foreach (var c in PolicyGolden.Cases("training-data"))
        {
            var expected = c.GetProperty("expected");
            var (scores, lengths) = (c.Row("scores"), c.Integers("lengths"));
            string[] keys = [.. c.GetProperty("keys").EnumerateArray().Select(k => k.GetString()!)];
            bool[] finished = [.. c.GetProperty("finished").EnumerateArray().Select(f => f.GetBoolean())];
            Assert.Equal((int)expected.Number("raft_best"), AnswerChoice.Best(scores, finished));
            Assert.Equal(expected.Integers("top2_distinct"), AnswerChoice.BestDistinct(scores, finished, keys, 2));
            Assert.Equal(expected.Integers("above_median"), AnswerChoice.AboveMedian(scores, finished));
            var pair = AnswerChoice.Pair(scores, finished, keys, c.Number("min_margin"))!.Value;
            Assert.Equal((expected.Integers("pair")[0], expected.Integers("pair")[1]), pair);
            Assert.Equal(
                expected.GetProperty("pair_kept_by_length").GetBoolean(),
                AnswerChoice.IsOfLikeLength(lengths[pair.Chosen], lengths[pair.Rejected], c.Number("max_length_ratio")));
        }
    }

    [Fact]
    public void A_group_without_a_finished_and_scored_answer_gives_nothing()
    {
        Assert.Null(AnswerChoice.Best([3, double.NaN], [false, true]));
        Assert.Empty(AnswerChoice.AboveMedian([3, double.NaN], [false, true]));
        Assert.Null(AnswerChoice.Pair([3, 1], [true, true], ["same", "same"], 0));
        Assert.Null(AnswerChoice.Pair([3, 2.5], [true, true], ["a", "b"], 1));
    }
}
