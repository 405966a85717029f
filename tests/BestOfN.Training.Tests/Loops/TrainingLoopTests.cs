using BestOfN.Inference.Weights;
using BestOfN.Training.Loops;
using BestOfN.Training.Optimizers;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Loops;

public sealed class TrainingLoopTests
{
    private static readonly Schedule s_schedule = new() { Steps = 6, Batch = 1, LearningRate = 0.1, Warmup = 2, CheckpointEvery = 3 };

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
    public void Counts_are_summed_from_one_checkpoint_to_the_next_across_an_interruption()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<TrainingStoppedException>(() => Count(folder.Path, stopAt: 5, out _));
        Count(folder.Path, stopAt: int.MaxValue, out var history);
        Assert.Equal([(3, 1 + 2 + 3), (6, 4 + 5 + 6)], history!.Points.Select(p => (p.Step, (int)p.HeldOut["counted"])));
        Assert.Equal([(1, 10.0), (2, 20), (3, 30), (4, 40), (5, 50), (6, 60)], history.Losses.Select(l => (l.Step, l.Loss)));
        Assert.Equal([20.0, 50], history.Points.Select(p => p.Loss));
    }

    [Fact]
    public void A_weight_that_no_step_uses_decays_like_every_other()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var weight = ones(2, 2).requires_grad_(true);
        using var optimizer = new AdamW([new("weight", weight)], beta2: 0.99, weightDecay: 0.5);
        var schedule = new Schedule { Steps = 1, Batch = 1, LearningRate = 0.1, FinalShare = 1 };
        new TrainingLoop("test", schedule, optimizer, new Counted(), folder.Path)
            .Run("recipe", (_, _) => new Dictionary<string, double>(), null, CancellationToken.None);
        Assert.Equal([0.95f, 0.95f, 0.95f, 0.95f], weight.detach().data<float>().Select(v => MathF.Round(v, 4)));
    }

    [Fact]
    public void A_training_that_is_stopped_before_its_first_step_saves_nothing()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<TrainingStoppedException>(() => Count(folder.Path, stopAt: 0, out _));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_loss_that_is_no_number_ends_the_training_and_moves_no_weight()
    {
        using var folder = new TemporaryFolder();
        var failure = Assert.Throws<InvalidOperationException>(() => Count(folder.Path, int.MaxValue, out _, loss: double.NaN));
        Assert.Equal("test: the loss of step 0 is NaN; lower the learning rate.", failure.Message);
    }

    [Fact]
    public void A_checkpoint_of_another_recipe_is_refused()
    {
        using var folder = new TemporaryFolder();
        Train(folder.Path, stopAt: int.MaxValue);
        var refused = Assert.Throws<CheckpointException>(() => Train(folder.Path, int.MaxValue, "other"));
        Assert.Contains("another version", refused.Message, StringComparison.Ordinal);
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
        string folder,
        int stopAt,
        string fingerprint = "recipe",
        List<int>? progress = null,
        TimeProvider? clock = null,
        Action<int>? before = null)
    {
        using var scope = NewDisposeScope();
        using var stop = new CancellationTokenSource();
        var (weight, matrix) = (zeros(3).requires_grad_(true), zeros(2, 3).requires_grad_(true));
        KeyValuePair<string, Tensor>[] parameters = [new("weight", weight), new("matrix", matrix)];
        using var optimizer = new Muon(parameters, s_schedule.Beta2, s_schedule.WeightDecay);
        var gradient = new ParallelParts(parameters, s_schedule.Steps!.Value, step =>
        {
            if (step + 1 >= stopAt)
            {
                stop.Cancel();
            }

            return [() => At(step, before, () => Distance(weight, step + 1)), () => Distance(matrix, step * step)];
        });
        new TrainingLoop("test", s_schedule, optimizer, gradient, folder, clock).Run(
            fingerprint, (_, _) => new Dictionary<string, double>(), progress is null ? null : new Recorder(progress), stop.Token);
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

    // No gradients: a loop that counts.
    private static void Count(string folder, int stopAt, out TrainingHistory? history, double loss = 0)
    {
        using var scope = NewDisposeScope();
        using var stop = new CancellationTokenSource();
        using var optimizer = new AdamW([new("weight", zeros(3).requires_grad_(true))], beta2: 0.99, weightDecay: 0);
        if (stopAt == 0)
        {
            stop.Cancel();
        }

        history = null;
        history = new TrainingLoop("test", s_schedule, optimizer, new Counted(step => step + 1 == stopAt ? stop : null, loss), folder).Run(
            "recipe", (counted, _) => new Dictionary<string, double> { ["counted"] = counted["steps"] }, null, stop.Token);
    }

    private sealed class Counted(Func<int, CancellationTokenSource?>? stop = null, double loss = 0) : IGradient
    {
        public StepOutcome Add(int step, CancellationToken cancellationToken)
        {
            stop?.Invoke(step)?.Cancel();
            return new StepOutcome((10 * (step + 1)) + loss, new Dictionary<string, double> { ["steps"] = step + 1 });
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
