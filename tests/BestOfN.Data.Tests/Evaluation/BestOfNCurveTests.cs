using System.Text.Json;
using BestOfN.Data.Evaluation;
using BestOfN.Data.Sampling;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Evaluation;

public sealed class BestOfNCurveTests
{
    [Fact]
    public void The_curve_is_written_in_the_published_form()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "new", "curve.json");
        BestOfNCurve.Measure(Pools(20, samples: 12), seed: 1).Write(path);

        using var json = JsonDocument.Parse(File.ReadAllText(path));
        Assert.Equal(
            ["greedy", "auc", "k", "pass", "reward", "majority_vote", "weighted_vote", "intervals"],
            json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            ["greedy", "auc", "pass", "reward", "majority_vote", "weighted_vote"],
            json.RootElement.GetProperty("intervals").EnumerateObject().Select(p => p.Name));
        Assert.Equal([1, 2, 4, 8, 12], json.RootElement.GetProperty("k").EnumerateArray().Select(k => k.GetInt32()));
        Assert.All(["pass", "reward", "majority_vote", "weighted_vote"],
            name => Assert.Equal(5, json.RootElement.GetProperty(name).GetArrayLength()));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void Reads_back_what_was_written()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "curve.json");
        var curve = BestOfNCurve.Measure(Pools(20, samples: 8), seed: 1);
        curve.Write(path);

        var read = BestOfNCurve.Read(path);
        Assert.Equal(curve.WeightedVote, read.WeightedVote);
        Assert.Equal(curve.Intervals.Pass, read.Intervals.Pass);
    }

    [Fact]
    public void All_rules_agree_on_a_single_candidate_and_no_rule_beats_pass()
    {
        var curve = BestOfNCurve.Measure(Pools(50, samples: 32), seed: 1);

        Assert.All([curve.Reward, curve.MajorityVote, curve.WeightedVote], rule =>
        {
            Assert.Equal(curve.Pass[0], rule[0], 1e-12);
            Assert.All(rule.Zip(curve.Pass), pair => Assert.True(pair.First <= pair.Second + 1e-12));
        });
    }

    [Fact]
    public void A_perfect_reward_model_reaches_pass_and_an_inverted_one_falls()
    {
        var perfect = BestOfNCurve.Measure(Pools(50, samples: 16, scoreOf: correct => correct ? 1 : 0), seed: 1);
        var inverted = BestOfNCurve.Measure(Pools(50, samples: 16, scoreOf: correct => correct ? 0 : 1), seed: 1);

        Assert.Equal(1, perfect.Auc);
        Assert.Equal(perfect.Pass, perfect.Reward, (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(0, inverted.Auc);
        Assert.True(inverted.Reward[^1] < inverted.Reward[0]);
    }

    [Fact]
    public void The_control_with_swapped_pictures_is_measured_by_its_own_scores_and_left_out_of_text()
    {
        CandidatePool[] pools =
            [new([new("a", new(1), true, false, new(5)), new("b", new(0), false, false, new(5)),
                new("?", new(2), false, false, new(9), IsPlausible: false)], GreedyIsCorrect: true)];
        var curve = BestOfNCurve.Measure(pools, seed: 1);

        Assert.Equal((0.5, 1, 0.5), (curve.Auc, curve.AucPlausible, curve.AucSwapped));
        Assert.Null(BestOfNCurve.Measure(Pools(5, samples: 2), seed: 1).AucSwapped);
    }

    [Fact]
    public void Without_a_wrong_answer_there_is_no_AUC()
    {
        var pool = new CandidatePool([new("a", new(1), true), new("b", new(2), true)], GreedyIsCorrect: true);

        Assert.Null(BestOfNCurve.Measure([pool, pool], seed: 1).Auc);
    }

    [Fact]
    public void Pools_of_different_sizes_or_scores_that_are_not_finite_are_refused()
    {
        var one = new CandidatePool([new("a", new(1), true)], GreedyIsCorrect: true);
        var two = new CandidatePool([new("a", new(1), true), new("b", new(2), true)], GreedyIsCorrect: true);
        var broken = new CandidatePool([new("a", new(double.NaN), true)], GreedyIsCorrect: true);

        Assert.Throws<ArgumentException>(() => BestOfNCurve.Measure([], seed: 1));
        Assert.Throws<ArgumentException>(() => BestOfNCurve.Measure([one, two], seed: 1));
        Assert.Throws<ArgumentException>(() => BestOfNCurve.Measure([broken], seed: 1));
    }

    [Fact]
    public void The_interval_of_a_share_is_the_textbook_one()
    {
        // 30 of 100: standard error sqrt(0.3 · 0.7 / 99).
        var estimate = Estimate.OfMean([.. Enumerable.Range(0, 100).Select(i => i < 30 ? 1.0 : 0.0)]);

        Assert.Equal(0.3, estimate.Value, 1e-12);
        Assert.Equal(0.3 - 1.96 * Math.Sqrt(0.3 * 0.7 / 99), estimate.Low, 1e-5);
        Assert.Equal(0.3 + 1.96 * Math.Sqrt(0.3 * 0.7 / 99), estimate.High, 1e-5);
    }

    [Fact]
    public void The_interval_of_a_ratio_holds_the_truth_about_95_times_in_100()
    {
        var held = 0;
        for (var trial = 0; trial < 1000; trial++)
        {
            var random = new SplitMix64(11, (ulong)trial);
            var pairs = Enumerable.Range(0, 200).Select(_ => 1 + random.Below(9)).ToList();
            var won = pairs.Select(n => (double)Enumerable.Range(0, n).Count(_ => random.Below(10) < 7)).ToList();
            var estimate = Estimate.OfRatio(won, [.. pairs.Select(n => (double)n)])!.Value;
            held += estimate.Low <= 0.7 && 0.7 <= estimate.High ? 1 : 0;
        }

        Assert.InRange(held, 925, 975);
    }

    private static List<CandidatePool> Pools(int problems, int samples, Func<bool, double>? scoreOf = null) =>
        [.. Enumerable.Range(0, problems).Select(i =>
        {
            var random = new SplitMix64(5, (ulong)i);
            return new CandidatePool(
                [.. Enumerable.Range(0, samples).Select(_ =>
                {
                    var answer = random.Below(6);
                    var correct = answer == 0;
                    return new PooledAnswer(
                        $"{answer}", new(scoreOf?.Invoke(correct) ?? random.Below(100) / 50.0 + (correct ? 1 : 0)), correct);
                })],
                GreedyIsCorrect: random.Below(4) == 0);
        })];
}
