using System.Xml.Linq;
using BestOfN.Data.Evaluation;
using BestOfN.Data.Plots;
using BestOfN.Data.Sampling;
using BestOfN.Training.Tests;

namespace BestOfN.Data.Tests.Plots;

public sealed class PlotTests
{
    [Fact]
    public void Curves_are_drawn_with_title_axes_and_a_name_for_every_line()
    {
        var texts = TextsOf(path => BestOfNPlot.WriteSvg(Curve(), "Pocket text", path));

        Assert.Superset(
            new HashSet<string>
            {
                "Pocket text", "candidates per question", "correct answers in %", "greedy", "at least one correct (pass@k)",
                "weighted vote", "highest reward", "majority vote", "1", "64",
            },
            texts);
    }

    [Fact]
    public void Training_is_drawn_with_loss_and_accuracy()
    {
        var texts = TextsOf(path => TrainingPlot.WriteSvg("Pocket generator", Losses(), [(1000, 0.1), (2000, 0.25), (3000, 0.3)], path));

        Assert.Superset(
            new HashSet<string> { "Pocket generator", "steps", "loss in nats", "held-out accuracy in %", "loss (left)" }, texts);
    }

    [Fact]
    public void The_training_of_a_policy_is_drawn_with_score_and_accuracies()
    {
        var texts = TextsOf(path => PolicyPlot.WriteSvg(
            "Pocket policy", [(50, -6), (100, -4.5)],
            new Dictionary<string, IReadOnlyList<(long, double)>> { ["pass1"] = [(50, 0.3), (100, 0.35)] }, path));

        Assert.Superset(
            new HashSet<string>
            {
                "Pocket policy", "steps", "mean score on held-out prompts", "held-out accuracy in %", "score (left)", "pass1 (right)",
            },
            texts);
        Assert.Contains("score (left)", TextsOf(path => PolicyPlot.WriteSvg("No checker", [(50, -6)], new Dictionary<string,
            IReadOnlyList<(long, double)>>(), path)));
    }

    [Fact]
    public void A_run_that_has_only_begun_can_be_drawn()
    {
        Assert.Contains("steps", TextsOf(path => TrainingPlot.WriteSvg("Begun", [], [], path)));
        Assert.Contains("steps", TextsOf(path => TrainingPlot.WriteSvg("Begun", [(1, 6.2)], [], path)));
    }

    private static HashSet<string> TextsOf(Action<string> write)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "plot.svg");
        write(path);
        return [.. XDocument.Load(path).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value.Trim())];
    }

    internal static List<(long, double)> Losses() =>
        [.. Enumerable.Range(1, 3000).Select(i => ((long)i, 0.4 + 5 * Math.Exp(-i / 300.0) + 0.1 * Math.Sin(i * 1.7)))];

    internal static BestOfNCurve Curve()
    {
        var pools = Enumerable.Range(0, 300).Select(i =>
        {
            var random = new SplitMix64(5, (ulong)i);
            var difficulty = random.Below(100);
            return new CandidatePool(
                [.. Enumerable.Range(0, 64).Select(_ =>
                {
                    var correct = random.Below(300) > 200 + difficulty;
                    return new PooledAnswer(
                        correct ? "right" : $"{random.Below(6)}", new(random.Below(100) / 50.0 + (correct ? 1.5 : 0)), correct);
                })],
                GreedyIsCorrect: random.Below(3) == 0);
        });
        return BestOfNCurve.Measure([.. pools], seed: 1);
    }
}
