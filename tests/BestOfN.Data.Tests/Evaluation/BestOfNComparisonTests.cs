using BestOfN.Data.Evaluation;
using BestOfN.Data.Sampling;
using BestOfN.Data.Worlds;

namespace BestOfN.Data.Tests.Evaluation;

public sealed class BestOfNComparisonTests
{
    [Fact]
    public void Problems_are_compared_one_by_one_so_that_hard_ones_for_both_add_no_doubt()
    {
        // Right answers of three: 3 → 3 of the easy, 0 → 0 of the hard; only every fourth problem gains.
        var before = Enumerable.Range(0, 40).Select(i => Pool(i % 4 == 0 ? 3 : 0, isGreedyRight: i % 4 == 0)).ToList();
        var after = Enumerable.Range(0, 40).Select(i => Pool(i % 4 == 0 ? 3 : i % 4 == 1 ? 1 : 0, isGreedyRight: i % 2 == 0)).ToList();
        var comparison = BestOfNComparison.Measure(before, after);

        Assert.Equal([1, 2, 3], comparison.K);
        var pass1 = comparison.Pass[0];
        Assert.Equal(0.25, pass1.Before, 1e-12);
        Assert.Equal(0.25 + (1 / 12.0), pass1.After, 1e-12);
        Assert.Equal(1 / 12.0, pass1.Value, 1e-12);

        // Ten differences of 1/3 among forty: deviation sqrt(10 · 30 / 40 / 39) / 3.
        var error = 1.959964 * Math.Sqrt(7.5 / 39) / 3 / Math.Sqrt(40);
        Assert.Equal(pass1.Value - error, pass1.Low!.Value, 1e-6);
        Assert.Equal(pass1.Value + error, pass1.High!.Value, 1e-6);
        Assert.Equal((0.25, 0.5), (comparison.Greedy.Before, comparison.Greedy.After));
        Assert.Equal(0.25, comparison.Pass[^1].Value, 1e-12);
        Assert.Equal((0, 0), (BestOfNComparison.Measure(before, before).Greedy.Low, BestOfNComparison.Measure(before, before).Greedy.High));
    }

    [Fact]
    public void The_interval_of_a_difference_holds_the_truth_about_95_times_in_100()
    {
        var held = 0;
        for (var trial = 0; trial < 1000; trial++)
        {
            var random = new SplitMix64(12, (ulong)trial);

            // Both depend on how hard the problem is; the second is right in a tenth more of all cases.
            var pairs = Enumerable.Range(0, 200).Select(_ => (Hard: random.Below(60), Luck: random.Below(100))).ToList();
            var difference = Difference.Of(
                [.. pairs.Select(p => p.Luck < p.Hard ? 1.0 : 0)], [.. pairs.Select(p => random.Below(100) < p.Hard + 10 ? 1.0 : 0)]);
            held += difference.Low <= 0.1 && 0.1 <= difference.High ? 1 : 0;
        }

        Assert.InRange(held, 925, 975);
    }

    [Fact]
    public void Families_are_compared_each_for_itself()
    {
        const ProblemFamily Pair = ProblemFamily.Pair, Sum = ProblemFamily.FrameSum;
        CandidatePool[] before = [Pool(0, false, Pair), Pool(1, false, Sum), Pool(0, false, Pair)];
        CandidatePool[] after = [Pool(3, true, Pair), Pool(1, false, Sum), Pool(0, true, Pair)];
        var families = BestOfNComparison.Measure(before, after).Families;
        Assert.Equal(["frame_sum", "pair"], families.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((2, 0.5, 1), (families["pair"].Problems, Math.Round(families["pair"].Pass1.Value, 9), families["pair"].Greedy.Value));
        Assert.Equal(0, families["frame_sum"].PassAll.Value);
        Assert.Null(families["pair"].Greedy.Low);     // two problems
    }

    [Fact]
    public void Pools_of_other_problems_are_not_compared()
    {
        Assert.Throws<ArgumentException>(() => BestOfNComparison.Measure([], []));
        Assert.Throws<ArgumentException>(() => BestOfNComparison.Measure([Pool(1, true)], [Pool(1, true), Pool(1, true)]));
        Assert.Throws<ArgumentException>(
            () => BestOfNComparison.Measure([Pool(1, true, ProblemFamily.Pair)], [Pool(1, true, ProblemFamily.Route)]));
    }

    private static CandidatePool Pool(int right, bool isGreedyRight, ProblemFamily? family = null) => new(
        [.. Enumerable.Range(0, 3).Select(i => new PooledAnswer($"{i}", new(-i), i < right))], isGreedyRight, family);
}
