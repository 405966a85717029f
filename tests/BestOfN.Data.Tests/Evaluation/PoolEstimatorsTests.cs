using BestOfN.Core.Selection;
using BestOfN.Data.Evaluation;
using BestOfN.Data.Sampling;

namespace BestOfN.Data.Tests.Evaluation;

public sealed class PoolEstimatorsTests
{
    private const double Exact = 1e-12;

    private static readonly SelectionStrategies s_strategies = new(SelectionStrategies.BuiltIn);

    private static ISelectionStrategy Weighted => s_strategies[SelectionStrategies.WeightedVote];

    private static ISelectionStrategy Majority => s_strategies[SelectionStrategies.MajorityVote];

    public static TheoryData<ulong> Seeds => [.. Enumerable.Range(1, 25).Select(i => (ulong)i)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Pass_is_the_share_of_subsets_with_a_correct_answer(ulong seed)
    {
        var pool = RandomPool(seed);
        for (var k = 1; k <= pool.Answers.Count; k++)
        {
            Assert.Equal(OverSubsets(pool, k, s => s.Any(a => a.IsCorrect)), PoolEstimators.PassAt(pool, k), Exact);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Reward_is_the_share_of_subsets_whose_first_highest_answer_is_correct(ulong seed)
    {
        var pool = RandomPool(seed);
        for (var k = 1; k <= pool.Answers.Count; k++)
        {
            var exact = PoolEstimators.RewardAt(pool, k);
            var byStrategy = PoolEstimators.ChoiceAt(pool, k, s_strategies[SelectionStrategies.Reward], subsets: 1000, new SplitMix64(1));

            Assert.Equal(OverSubsets(pool, k, s => Complete(s).MaxBy(a => a.Score.Value)!.IsCorrect), exact, Exact);
            Assert.Equal(exact, byStrategy, Exact);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_vote_is_exact_when_all_subsets_can_be_seen(ulong seed)
    {
        var pool = RandomPool(seed);
        for (var k = 1; k <= pool.Answers.Count; k++)
        {
            var weighted = PoolEstimators.ChoiceAt(pool, k, Weighted, subsets: 1000, new SplitMix64(1));
            var majority = PoolEstimators.ChoiceAt(pool, k, Majority, subsets: 1000, new SplitMix64(1));

            Assert.Equal(OverSubsets(pool, k, WeightedWinnerIsCorrect), weighted, Exact);
            Assert.Equal(OverSubsets(pool, k, MajorityWinnerIsCorrect), majority, Exact);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(7)]
    public void A_vote_over_random_subsets_comes_close_to_the_exact_one(int k)
    {
        foreach (var seed in Enumerable.Range(1, 10))
        {
            var pool = RandomPool((ulong)seed);
                var exact = PoolEstimators.ChoiceAt(pool, k, Weighted, subsets: 1000, new SplitMix64(1));

            // 8 over k is at most 70, so 7 at a time is sampled; the mean of many seeds is within a few standard errors.
            var sampled = Enumerable.Range(0, 600)
                .Average(i => PoolEstimators.ChoiceAt(pool, k, Weighted, subsets: 7, new SplitMix64((ulong)i)));
            Assert.Equal(exact, sampled, 0.05);
        }
    }

    [Fact]
    public void Random_subsets_repeat_with_their_seed()
    {
        var pool = new CandidatePool(
            [.. Enumerable.Range(0, 8).Select(i => new PooledAnswer($"{i}", new(i), i % 2 == 0))], GreedyIsCorrect: false);

        double Sample(ulong seed) => PoolEstimators.ChoiceAt(pool, 4, Weighted, subsets: 9, new SplitMix64(seed));

        Assert.Equal(Sample(5), Sample(5));
        Assert.True(Enumerable.Range(0, 20).Select(i => Sample((ulong)i)).Distinct().Count() > 1);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Ranked_pairs_are_counted_within_the_problem_and_ties_count_half(ulong seed)
    {
        var pool = RandomPool(seed);
        var (won, pairs) = (0.0, 0.0);
        foreach (var a in pool.Answers)
        {
            foreach (var b in pool.Answers)
            {
                if (a.IsCorrect && !b.IsCorrect)
                {
                    pairs++;
                    won += (Math.Sign(a.Score.Value - b.Score.Value) + 1) / 2.0;
                }
            }
        }

        Assert.Equal((won, pairs), PoolEstimators.RankedPairs(pool, a => a.Score.Value, _ => true));
    }

    // Scores of few values, so that ties occur; few texts, so that groups do, not all of one truth.
    private static CandidatePool RandomPool(ulong seed)
    {
        var random = new SplitMix64(seed);
        return new(
            [.. Enumerable.Range(0, 8)
                .Select(_ => new PooledAnswer(
                    $"{"abcde"[random.Below(5)]}", new(random.Below(5) / 2.0), random.Below(3) == 0, random.Below(4) == 0))],
            GreedyIsCorrect: false);
    }

    private static double OverSubsets(CandidatePool pool, int k, Func<List<PooledAnswer>, bool> isRight)
    {
        var subsets = Enumerable.Range(0, 1 << pool.Answers.Count)
            .Where(bits => int.PopCount(bits) == k)
            .Select(bits => pool.Answers.Where((_, i) => (bits >> i & 1) == 1).ToList())
            .ToList();
        return subsets.Count(isRight) / (double)subsets.Count;
    }

    // GroupBy keeps the order of first appearance and MaxBy the first of equals.
    private static bool MajorityWinnerIsCorrect(List<PooledAnswer> answers) =>
        Complete(answers).GroupBy(a => a.Text).MaxBy(g => g.Count())!.First().IsCorrect;

    private static bool WeightedWinnerIsCorrect(List<PooledAnswer> answers)
    {
        var complete = Complete(answers);
        var highest = complete.Max(a => a.Score.Value);
        return complete.GroupBy(a => a.Text)
            .MaxBy(g => (g.Sum(a => Math.Exp(a.Score.Value - highest)), g.Max(a => a.Score.Value)))!
            .MaxBy(a => a.Score.Value)!.IsCorrect;
    }

    private static List<PooledAnswer> Complete(List<PooledAnswer> answers)
    {
        var complete = answers.Where(a => !a.IsTruncated).ToList();
        return complete.Count > 0 ? complete : answers;
    }
}
