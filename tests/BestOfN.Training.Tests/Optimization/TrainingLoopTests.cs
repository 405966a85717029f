using BestOfN.Models.Weights;
using BestOfN.Training.Optimization;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Optimization;

public sealed class TrainingLoopTests
{
    private static readonly TrainingSchedule s_schedule = new() { Steps = 6, Batch = 1, LearningRate = 0.1, WarmupSteps = 2, CheckpointEvery = 3 };

    [Fact]
    public void A_training_that_was_stopped_ends_where_an_undisturbed_one_does()
    {
        using var whole = new TemporaryFolder();
        using var stopped = new TemporaryFolder();
        var expected = Train(whole.Path, stopAt: int.MaxValue);
        Assert.Throws<OperationCanceledException>(() => Train(stopped.Path, stopAt: 4));
        Assert.Equal(expected, Train(stopped.Path, stopAt: int.MaxValue));
    }

    [Fact]
    public void A_checkpoint_of_another_recipe_is_refused()
    {
        using var folder = new TemporaryFolder();
        Train(folder.Path, stopAt: int.MaxValue);
        Assert.Contains("another version", Assert.Throws<CheckpointException>(() => Train(folder.Path, int.MaxValue, "other")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_step_of_adamw_moves_every_weight_by_the_learning_rate_after_the_decay()
    {
        using var scope = NewDisposeScope();
        var weight = ones(2, 2).requires_grad_(true);
        using var optimizer = new AdamW([new("weight", weight)], beta2: 0.99, weightDecay: 0.5);
        (weight * tensor(new float[,] { { 1, -2 }, { 3, -4 } })).sum().backward();
        optimizer.Step(learningRate: 0.1, gradientNorm: 100);
        Assert.Equal([0.85f, 1.05f, 0.85f, 1.05f], weight.detach().data<float>().Select(v => MathF.Round(v, 4)));
    }

    // Each step pulls the weight towards a value of its own: what a step does depends on its number and on all before it.
    private static float[] Train(string folder, int stopAt, string fingerprint = "recipe")
    {
        using var scope = NewDisposeScope();
        using var stop = new CancellationTokenSource();
        var (weight, matrix) = (zeros(3).requires_grad_(true), zeros(2, 3).requires_grad_(true));
        new TrainingLoop("test", s_schedule, [new("weight", weight), new("matrix", matrix)], folder).Run(
            fingerprint,
            step =>
            {
                if (step + 1 >= stopAt)
                {
                    stop.Cancel();
                }

                return [() => Distance(weight, step + 1), () => Distance(matrix, step * step)];
            },
            () => new Dictionary<string, double>(),
            null,
            stop.Token);
        return [.. weight.detach().data<float>(), .. matrix.detach().data<float>()];

        static Tensor Distance(Tensor x, int to)
        {
            var difference = x - tensor((float)to);
            return (difference * difference).sum();
        }
    }
}
