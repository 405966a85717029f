using BestOfN.Core.Prompts;
using BestOfN.Training.Pocket;
using BestOfN.Training.Policy;
using BestOfN.Training.Recipes;

namespace BestOfN.Training.Tests.Policy;

public sealed class UpdateDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("best", "a1 b0")]
    [InlineData("best_two", "a1 a2 b0 b1")]
    [InlineData("above_median", "a1 a2 b0")]
    [InlineData("standing_out", "a1")]
    public void The_answers_that_are_imitated_follow_the_choice_of_the_recipe(string choose, string expected)
    {
        var data = new UpdateData(PocketPolicy.Recipe(_folder, "raft") with { RaftOptions = new PolicyRaft { Choose = choose } });
        RolloutGroup[] groups = [Group("a", 0, 9, 5, 1), Group("b", 2, 1.5, 1, double.NaN)];
        var imitated = data.Imitated(groups, [.. groups.Select(g => g.Scores)]);
        var all = groups.SelectMany(g => g.Answers).ToArray();
        var names = imitated.SelectMany(g => g.Answers).Select(a => all.Single(x => x.Tokens == a.Tokens).Text);
        Assert.Equal(expected, string.Join(' ', names));
    }

    [Theory]
    [InlineData("best", "a1")]
    [InlineData("best_two", "a1 a2")]
    public void An_answer_below_the_least_score_is_not_imitated_though_it_is_the_best(string choose, string expected)
    {
        var options = new PolicyRaft { Choose = choose, MinScore = 2.5 };
        var data = new UpdateData(PocketPolicy.Recipe(_folder, "raft") with { RaftOptions = options });
        RolloutGroup[] groups = [Group("a", 0, 9, 5, 1), Group("b", 2, 1.5, 1, double.NaN)];
        var answers = data.Imitated(groups, [.. groups.Select(g => g.Scores)]).SelectMany(g => g.Answers);
        var all = groups.SelectMany(g => g.Answers).ToArray();
        Assert.Equal(expected, string.Join(' ', answers.Select(a => all.Single(x => x.Tokens == a.Tokens).Text)));
    }

    [Fact]
    public void An_answer_without_a_score_is_left_out_and_a_flat_group_where_that_is_wanted()
    {
        var recipe = PocketPolicy.Recipe(_folder, "grpo") with { Shaping = new PolicyShaping { DropsFlatGroups = true } };
        RolloutGroup[] groups = [Group("a", 1, 5, double.NaN), Group("b", 3, 3.01, 3)];
        var trained = new UpdateData(recipe).WithGroupAdvantages(groups, [.. groups.Select(g => g.Scores)], usualDeviation: 1);
        var answers = Assert.Single(trained).Answers;
        Assert.Equal(2, answers.Count);
        Assert.Equal(0, answers.Sum(a => a.Advantages[0]), 1e-12);
        Assert.True(answers[1].Advantages[0] > 0);
    }

    [Fact]
    public void An_unfinished_answer_loses_score_and_is_never_imitated()
    {
        var data = new UpdateData(PocketPolicy.Recipe(_folder, "raft") with
        {
            Shaping = new PolicyShaping { UnfinishedPenalty = 2, ScoreClip = 4 },
        });
        var group = Group("a", 9, 1);
        group = group with { Answers = [group.Answers[0] with { IsFinished = false }, group.Answers[1]] };
        var scores = Assert.Single(data.Shape([group]));
        Assert.Equal([2, 1], scores);
        Assert.Same(group.Answers[1].Tokens, Assert.Single(Assert.Single(data.Imitated([group], [scores])).Answers).Tokens);
    }

    [Fact]
    public void An_answer_without_text_has_the_lowest_score_of_the_batch_whatever_the_reward_model_says()
    {
        var data = new UpdateData(PocketPolicy.Recipe(_folder, "grpo") with { Shaping = new PolicyShaping { ScoreClip = 4 } });
        RolloutGroup[] groups = [Group("a", 3, 1, double.NaN), Group("b", -2, 2)];
        groups[0] = groups[0] with { Answers = [.. groups[0].Answers.Select((a, i) => i == 1 ? a : a with { Text = " " })] };
        Assert.Equal([[-2, 1, double.NaN], [-2, 2]], data.Shape(groups));

        // Lower than a wrong answer that was cut off, too.
        groups[1] = groups[1] with { Answers = [groups[1].Answers[0] with { IsFinished = false }, groups[1].Answers[1]] };
        Assert.Equal([[-3, 1, double.NaN], [-3, 2]], data.Shape(groups));
    }

    [Fact]
    public void Shuffled_scores_are_those_of_the_group_in_another_order()
    {
        double[] scores = [1, 2, 3, 4, 5, 6, 7, 8];
        var group = Group("a", scores);
        new ShuffledScorer(new Fixed(), 1).Score([group], 3, CancellationToken.None);
        Assert.NotEqual(scores, group.Scores);
        Assert.Equal(scores, group.Scores.Order());
    }

    public void Dispose() => _folder.Dispose();

    private static RolloutGroup Group(string name, params double[] scores) => new(
        new PolicyPrompt(new Prompt([]), [], null, null), new TrainingPrompt([1, 2]),
        [.. scores.Select((s, i) => new RolloutAnswer(new[] { i + 1, 2 }, $"{name}{i}", true, [-1, -1], null) { Score = s })]);

    private sealed class Fixed : IAnswerScorer
    {
        public void Score(IReadOnlyList<RolloutGroup> groups, int step, CancellationToken cancellationToken) { }
    }
}
