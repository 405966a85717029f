using BestOfN.Inference.Weights;
using BestOfN.Training.Loops;
using BestOfN.Training.Optimizers;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Loops;

public sealed class TrainingLoopTests
{
    private static readonly Schedule s_schedule = new() { Steps = 6, Batch = 1, LearningRate = 0.1, WarmupSteps = 2, CheckpointEvery = 3 };

    [Fact]
    public void A_training_that_was_stopped_ends_where_an_undisturbed_one_does()
    {
        using var whole = new TemporaryFolder();
        using var stopped = new TemporaryFolder();
        var expected = Train(whole.Path, stopAt: int.MaxValue);
        Assert.Throws<TrainingStoppedException>(() => Train(stopped.Path, stopAt: 4));
        Assert.Equal(expected, Train(stopped.Path, stopAt: int.MaxValue));
    }

    [Fact]
    public void A_training_that_is_stopped_saves_the_step_under_way_and_tells_where_it_goes_on()
    {
        using var folder = new TemporaryFolder();
        var reports = new List<int>();
        var stopped = Assert.Throws<TrainingStoppedException>(() => Train(folder.Path, stopAt: 5, progress: reports));
        var done = reports[^1];
        Assert.NotEqual(0, done % s_schedule.CheckpointEvery);   // between checkpoints, that is
        Assert.Equal($"test: saved at step {done} of 6; the same command goes on from there", stopped.Message);
        reports.Clear();
        Train(folder.Path, stopAt: int.MaxValue, progress: reports);
        Assert.Equal(done + 1, reports[0]);
    }

    [Fact]
    public void A_training_saves_every_two_minutes_between_its_checkpoints()
    {
        using var folder = new TemporaryFolder();
        var clock = new Clock();
        var reports = new List<int>();
        Assert.Throws<InvalidOperationException>(() => Train(
            folder.Path, int.MaxValue, progress: reports, clock: clock, before: step =>
            {
                clock.Now += step == 1 ? TimeSpan.FromMinutes(3) : TimeSpan.Zero;
                if (step == 2)
                {
                    throw new InvalidOperationException("the power was cut");
                }
            }));
        reports.Clear();
        Train(folder.Path, int.MaxValue, progress: reports);
        Assert.InRange(reports[0], 2, 3);
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
    private static float[] Train(
        string folder, int stopAt, string fingerprint = "recipe", List<int>? progress = null, TimeProvider? clock = null, Action<int>? before = null)
    {
        using var scope = NewDisposeScope();
        using var stop = new CancellationTokenSource();
        var (weight, matrix) = (zeros(3).requires_grad_(true), zeros(2, 3).requires_grad_(true));
        new TrainingLoop("test", s_schedule, [new("weight", weight), new("matrix", matrix)], folder, clock).Run(
            fingerprint,
            step =>
            {
                if (step + 1 >= stopAt)
                {
                    stop.Cancel();
                }

                return [() => At(step, before, () => Distance(weight, step + 1)), () => Distance(matrix, step * step)];
            },
            () => new Dictionary<string, double>(),
            progress is null ? null : new Recorder(progress),
            stop.Token);
        return [.. weight.detach().data<float>(), .. matrix.detach().data<float>()];

        static Tensor At(int step, Action<int>? before, Func<Tensor> loss)
        {
            before?.Invoke(step);
            return loss();
        }

        static Tensor Distance(Tensor x, int to)
        {
            var difference = x - tensor((float)to);
            return (difference * difference).sum();
        }
    }

    private sealed class Recorder(List<int> steps) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => steps.Add(value.Step);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
