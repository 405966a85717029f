using BestOfN.Training.Policy.Objectives;

namespace BestOfN.Training.Tests.Policy.Objectives;

public sealed class AdvantageTests
{
    [Fact]
    public void Advantages_and_returns_of_a_critic_are_those_of_the_reference()
    {
        foreach (var c in PolicyGolden.Cases("gae"))
        {
            var expected = c.GetProperty("expected");
            var (rewards, values) = (c.Masked("rewards"), c.Masked("values"));
            var found = rewards.Zip(values, (r, v) => GeneralizedAdvantage.Of(r, v, c.Number("gamma"), c.Number("lam"))).ToArray();
            double[][] advantages = [.. found.Select(f => f.Advantages)];
            Equal("advantages", advantages);
            Equal("returns", [.. found.Select(f => f.Returns)]);
            Equal("whitened_unbiased", GeneralizedAdvantage.Whitened(advantages));
            Equal("whitened_biased", GeneralizedAdvantage.Whitened(advantages, isUnbiased: false));

            void Equal(string name, double[][] rows) => PolicyGolden.Equal(
                expected.Rows(name).SelectMany((row, i) => row[..rows[i].Length]), rows.SelectMany(r => r), PolicyGolden.Exact);
        }
    }

    [Fact]
    public void Advantages_of_groups_are_those_of_the_reference()
    {
        var kinds = new Dictionary<string, AdvantageKind>
        {
            ["grpo"] = AdvantageKind.Grpo, ["dr_grpo"] = AdvantageKind.DrGrpo, ["rloo"] = AdvantageKind.Rloo,
            ["remax"] = AdvantageKind.ReMax, ["grpo_batch_std"] = AdvantageKind.BatchStd,
            ["reinforce_pp_baseline"] = AdvantageKind.ReinforcePlusPlus,
        };
        foreach (var c in PolicyGolden.Cases("group-advantages"))
        {
            var (groups, expected) = (c.Rows("rewards"), c.GetProperty("expected"));
            double[]? greedy = c.TryGetProperty("greedy_rewards", out _) ? c.Row("greedy_rewards") : null;
            foreach (var (name, kind) in kinds.Where(k => expected.TryGetProperty(k.Key, out _)))
            {
                PolicyGolden.Equal(
                    expected.Rows(name).SelectMany(r => r),
                    GroupAdvantage.Of(groups, kind, c.Number("epsilon"), greedy).SelectMany(r => r), PolicyGolden.Exact);
            }

            if (expected.TryGetProperty("std", out _))
            {
                double[] deviations = [.. groups.Select(g => GroupAdvantage.Deviation(g))];
                PolicyGolden.Equal(expected.Row("std"), deviations, PolicyGolden.Exact);
                Assert.Equal(
                    expected.GetProperty("keep_for_dynamic_sampling").EnumerateArray().Select(k => k.GetBoolean()),
                    deviations.Select(d => GroupAdvantage.HasSpread(d, 0)));
            }
        }
    }

    [Theory]
    [InlineData(AdvantageKind.Grpo)]
    [InlineData(AdvantageKind.DrGrpo)]
    [InlineData(AdvantageKind.Rloo)]
    [InlineData(AdvantageKind.BatchStd)]
    public void The_advantages_of_a_group_add_up_to_zero(AdvantageKind kind)
    {
        double[][] groups = [[0.3, -2, 5, 5], [1, double.NaN, 4, 0], [double.NaN, 3, double.NaN, double.NaN], [2, 2, 2, 2]];
        var advantages = GroupAdvantage.Of(groups, kind);
        Assert.All(advantages, a => Assert.Equal(0, a.Sum(), 1e-12));
        Assert.NotEqual(0, advantages[0][0]);
        Assert.All(advantages[2].Concat(advantages[3]), a => Assert.Equal(0, a));
    }

    [Fact]
    public void Rewards_of_tokens_and_what_is_logged_of_them_are_those_of_the_reference()
    {
        foreach (var c in PolicyGolden.Cases("token-rewards", "case"))
        {
            var expected = c.GetProperty("expected");
            (double, double)? clip = c.GetProperty("score_clip").ValueKind == System.Text.Json.JsonValueKind.Null
                ? null : (c.Row("score_clip")[0], c.Row("score_clip")[1]);
            bool[] finished = [.. c.GetProperty("finished").EnumerateArray().Select(f => f.GetBoolean())];
            double[] shaped =
            [
                .. c.Row("scores").Select((s, i) => RewardShaping.Score(s, finished[i], clip, c.NumberOrNull("unfinished_penalty") ?? 0)),
            ];
            PolicyGolden.Equal(expected.Row("shaped_scores"), shaped, PolicyGolden.Exact);
            var (logp, reference) = (c.Masked("logp"), c.Masked("ref_logp"));
            double[][] rewards = [.. shaped.Select((s, i) => RewardShaping.Tokens(logp[i], reference[i], s, c.Number("kl_coef")))];
            PolicyGolden.Equal(
                expected.Rows("token_rewards").SelectMany((row, i) => row[..rewards[i].Length]), rewards.SelectMany(r => r),
                PolicyGolden.Exact);
            PolicyGolden.Equal(expected.Row("sum"), rewards.Select(r => r.Sum()), PolicyGolden.Exact);
        }

        foreach (var c in PolicyGolden.Cases("token-rewards", "overlong"))
        {
            PolicyGolden.Equal(
                c.GetProperty("expected").Row("penalty"),
                c.Integers("lengths").Select(length => RewardShaping.OverlongPenalty(
                    length, (int)c.Number("max_new_tokens"), (int)c.Number("buffer"), c.Number("factor"))),
                PolicyGolden.Exact);
        }
    }

    [Fact]
    public void Whitened_rewards_keep_their_mean_and_have_variance_one()
    {
        var whitened = RewardShaping.Whitened([[1, 2, 6], [3.5]]).SelectMany(r => r).ToArray();
        var (mean, variance) = Moments.Of(whitened, isUnbiased: true);
        Assert.Equal(3.125, mean, 1e-9);
        Assert.Equal(1, variance, 1e-6);
    }
}
