using BestOfN.Training.Optimizers;
using BestOfN.Training.Recipes;
using static TorchSharp.torch;

namespace BestOfN.Training.Loops;

/// <summary>The one loop of all trainings: steps, checkpoints, measurements, progress, going on after an interruption.</summary>
/// <param name="phase">What the progress calls it.</param>
/// <param name="schedule">How long and how fast, with its number of steps.</param>
/// <param name="optimizer">Has the weights and what it remembers of them; the caller owns it.</param>
/// <param name="training">The work of a step.</param>
/// <param name="stateFolder">Where checkpoints lie.</param>
/// <param name="clock">For saving now and then; null: the system's.</param>
internal sealed class TrainingLoop(
    string phase, Schedule schedule, IOptimizer optimizer, ITrainingStep training, string stateFolder, TimeProvider? clock = null)
{
    private readonly int _steps = schedule.Steps ?? throw new ArgumentException("Expected a number of steps.", nameof(schedule));
    private readonly TimeProvider _time = clock ?? TimeProvider.System;

    /// <summary>A loop whose step is one gradient and one update.</summary>
    public TrainingLoop(
        string phase, Schedule schedule, IOptimizer optimizer, IGradient gradient, string stateFolder, TimeProvider? clock = null)
        : this(phase, schedule, optimizer, new GradientStep(phase, optimizer, gradient, schedule.GradientNorm), stateFolder, clock) { }

    /// <summary>Trains to the end, from where the training was last saved if it was.</summary>
    /// <param name="fingerprint">Identity of recipe and data; what was saved of another training is refused.</param>
    /// <param name="measure">Measures the model at every checkpoint.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Ends the training; the steps that are done are saved.</param>
    /// <exception cref="TrainingStoppedException">It was asked to stop, and is saved.</exception>
    public TrainingHistory Run(
        string fingerprint, Measurement measure, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var state = new TrainingState(stateFolder, fingerprint, _steps, optimizer, training.Memory, _time);
        state.Restore();
        StartWithZeroGradients();
        var (begun, started, saves) = (state.Step, _time.GetTimestamp(), new SavePoints(_time));
        try
        {
            while (true)
            {
                // At the top, because a training may have been stopped between a step and its measurement.
                if (IsCheckpoint(state.Step) && !state.IsMeasured)
                {
                    using var guard = no_grad();
                    state.AddPoint(measure(state.Counts, cancellationToken));
                    saves.Save(state.Save);
                }

                var ending = state.IsMeasured ? training.Ending : null;
                if (state.Step == _steps || ending is not null)
                {
                    return new TrainingHistory(state.Losses, state.Points, begun) { Ending = ending };
                }

                if (saves.IsDue)
                {
                    saves.Save(state.Save);
                }

                cancellationToken.ThrowIfCancellationRequested();
                var outcome = Step(state.Step, cancellationToken);
                state.AddStep(outcome);
                var perSecond = (state.Step - begun) * schedule.Batch / _time.GetElapsedTime(started).TotalSeconds;
                progress?.Report(new TrainingProgress(phase, state.Step, _steps, outcome.Loss, perSecond));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (!state.IsSaved)
            {
                state.Save();
            }

            throw new TrainingStoppedException(phase, state.Step, _steps, cancellationToken);
        }
    }

    private StepOutcome Step(int step, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        return training.Run(step, schedule.LearningRateAt(step, _steps), cancellationToken);
    }

    private bool IsCheckpoint(int step) => step > 0 && (step % schedule.CheckpointEvery == 0 || step == _steps);

    // Without a zero gradient the optimizer would skip a weight until a step uses it, and not let it decay. A resumed training, whose
    // weights have lost their gradients, would then differ from one that was never stopped.
    private void StartWithZeroGradients()
    {
        foreach (var (_, weight) in optimizer.Parameters)
        {
            using var zeros = zeros_like(weight, requires_grad: false);
            weight.grad = zeros;
        }
    }
}
