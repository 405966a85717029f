using BestOfN.Training.Policy.Objectives;
using BestOfN.Training.Recipes;

namespace BestOfN.Training.Policy;

/// <summary>From scored answers to what is trained on: which answers, with which advantages.</summary>
/// <param name="recipe">The method and its numbers.</param>
internal sealed class UpdateData(PolicyRecipe recipe)
{
    /// <summary>The scores as they are trained on, group by group.</summary>
    /// <remarks>
    /// An answer without text has the lowest score of all. A reward model has seldom seen one and may well prefer it to a wrong answer; a
    /// policy finds that out, and says nothing from then on.
    /// </remarks>
    public double[][] Shape(IReadOnlyList<RolloutGroup> groups)
    {
        double[][] scores = [.. groups.Select(Shaped)];
        var lowest = scores.SelectMany(s => s).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min();
        foreach (var (group, shaped) in groups.Zip(scores))
        {
            foreach (var (i, answer) in group.Answers.Index())
            {
                shaped[i] = double.IsFinite(shaped[i]) && string.IsNullOrWhiteSpace(answer.Text) ? lowest : shaped[i];
            }
        }

        return scores;
    }

    /// <summary>The answers that are imitated, by the choice of the recipe.</summary>
    public List<TrainedGroup> Imitated(IReadOnlyList<RolloutGroup> groups, IReadOnlyList<double[]> scores)
    {
        var gaps = groups.Select((g, i) => Gap(g, scores[i])).ToArray();
        var known = gaps.Where(double.IsFinite).Order().ToArray();
        var middle = known.Length == 0 ? 0 : known[known.Length / 2];
        var chosen = new List<TrainedGroup>();
        foreach (var (i, group) in groups.Index())
        {
            bool[] finished = [.. group.Answers.Select(a => a.IsFinished)];
            string[] keys = [.. group.Answers.Select(a => a.Text)];
            int[] places = recipe.RaftOptions.Choose switch
            {
                PolicyRaft.BestTwo => AnswerChoice.BestDistinct(scores[i], finished, keys, 2),
                PolicyRaft.AboveMedian => AnswerChoice.AboveMedian(scores[i], finished),
                PolicyRaft.StandingOut when !(gaps[i] >= middle) => [],
                _ => AnswerChoice.Best(scores[i], finished) is { } best ? [best] : [],
            };
            places = [.. places.Where(p => !(scores[i][p] < recipe.RaftOptions.MinScore))];
            if (places.Length > 0)
            {
                chosen.Add(new TrainedGroup(group.Prompt, null, [.. places.Select(p => Of(group.Answers[p]))]));
            }
        }

        return chosen;
    }

    /// <summary>The better and the worse answer of each group that has such a pair.</summary>
    public List<TrainedGroup> Pairs(IReadOnlyList<RolloutGroup> groups, IReadOnlyList<double[]> scores)
    {
        var pairs = new List<TrainedGroup>();
        foreach (var (i, group) in groups.Index())
        {
            bool[] finished = [.. group.Answers.Select(a => a.IsFinished)];
            string[] keys = [.. group.Answers.Select(a => a.Text)];
            if (AnswerChoice.Pair(scores[i], finished, keys, recipe.Pairs.MinMargin) is { } pair)
            {
                var (chosen, rejected) = (group.Answers[pair.Chosen], group.Answers[pair.Rejected]);
                if (AnswerChoice.IsOfLikeLength(chosen.Tokens.Count, rejected.Tokens.Count, recipe.Pairs.MaxLengthRatio))
                {
                    pairs.Add(new TrainedGroup(group.Prompt, null, [Of(chosen), Of(rejected)]));
                }
            }
        }

        return pairs;
    }

    /// <summary>All scored answers, each with the advantage of its group for every token.</summary>
    /// <param name="groups">Prompts with their answers.</param>
    /// <param name="scores">Shaped scores; NaN where there is none.</param>
    /// <param name="usualDeviation">Running deviation of scores, for leaving out groups without spread.</param>
    public List<TrainedGroup> WithGroupAdvantages(
        IReadOnlyList<RolloutGroup> groups, IReadOnlyList<double[]> scores, double usualDeviation)
    {
        var kept = Enumerable.Range(0, groups.Count).Where(i => scores[i].Count(double.IsFinite) > 1
            && (!recipe.Shaping.DropsFlatGroups
                || GroupAdvantage.HasSpread(GroupAdvantage.Deviation(scores[i]), usualDeviation))).ToArray();
        var advantages = GroupAdvantage.Of([.. kept.Select(i => scores[i])], recipe.Loss.ParsedAdvantage);
        return
        [
            .. kept.Select((i, k) => new TrainedGroup(groups[i].Prompt, null,
            [
                .. groups[i].Answers.Index().Where(a => double.IsFinite(scores[i][a.Index])).Select(a =>
                {
                    var answer = Of(a.Item);
                    answer.Advantages = [.. Enumerable.Repeat(advantages[k][a.Index], answer.Tokens.Count)];
                    return answer;
                }),
            ])),
        ];
    }

    public static TrainedAnswer Of(RolloutAnswer answer) => new(answer.Tokens, answer.Logprobs);

    private double[] Shaped(RolloutGroup group)
    {
        var shaping = recipe.Shaping;
        (double, double)? clip = shaping.ScoreClip is { } most ? (-most, most) : null;
        return
        [
            .. group.Answers.Select(a => RewardShaping.Score(a.Score, a.IsFinished, clip, shaping.UnfinishedPenalty)
                + RewardShaping.OverlongPenalty(a.Tokens.Count, recipe.MaxNewTokens, shaping.OverlongBuffer, shaping.OverlongFactor)),
        ];
    }

    private static double Gap(RolloutGroup group, double[] scores)
    {
        var present = scores.Where((s, i) => double.IsFinite(s) && group.Answers[i].IsFinished).ToArray();
        return present.Length == 0 ? double.NaN : present.Max() - present.Average();
    }
}
