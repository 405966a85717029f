using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using BestOfN.Training.Optimizers;
using static TorchSharp.torch;

namespace BestOfN.Training.Loops;

/// <summary>Steps, checkpoints, measurements, progress; what is trained is said by two functions.</summary>
/// <param name="phase">What the progress calls it.</param>
/// <param name="schedule">How long and how fast.</param>
/// <param name="parameters">What is trained.</param>
/// <param name="stateFolder">Where checkpoints lie.</param>
/// <param name="clock">For saving now and then; null: the system's.</param>
internal sealed class TrainingLoop(
    string phase, Schedule schedule, IReadOnlyList<KeyValuePair<string, Tensor>> parameters, string stateFolder, TimeProvider? clock = null)
{
    private const int LossEvery = 10;

    // Names of what is summed up between checkpoints.
    private const string Sum = "loss";
    private const string Count = "steps";
    private const string Recent = "recent_loss";

    /// <summary>Trains to the end, from the last checkpoint if there is one.</summary>
    /// <param name="fingerprint">Identity of recipe and data; a checkpoint of another is refused.</param>
    /// <param name="loss">The parts whose sum is the loss of a step, in nats. Depend on the step's number alone, so that a resumed training sees the same data; asked for one step ahead.</param>
    /// <param name="measure">Measurements on held-out problems.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Ends the training after the step under way, which is saved.</param>
    /// <exception cref="TrainingStoppedException">It was asked to stop, and is saved.</exception>
    public TrainingHistory Run(
        string fingerprint,
        Func<int, IReadOnlyList<Func<Tensor>>> loss,
        Func<IReadOnlyDictionary<string, double>> measure,
        IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        FreedMemory.Keep();
        CompiledOperators.Keep();
        using var optimizer = new Muon(parameters, schedule.Beta2, schedule.WeightDecay);
        var state = new TrainingState(stateFolder);
        state.Restore(fingerprint, parameters, optimizer);
        var gradients = new ParallelGradients(parameters);
        var (time, before, begun) = (clock ?? TimeProvider.System, state.Trained, state.Step);
        var (started, saves) = (time.GetTimestamp(), new SavePoints(time));
        double Running(string name) => state.Running.GetValueOrDefault(name);
        var ahead = Task.Run(() => loss(state.Step), CancellationToken.None);
        for (var step = state.Step; step < schedule.Steps; step++)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                Save(step);
                throw new TrainingStoppedException(phase, step, schedule.Steps, cancellationToken);
            }

            using (NewDisposeScope())
            {
                var parts = ahead.GetAwaiter().GetResult();
                var following = step + 1;
                ahead = following < schedule.Steps ? Task.Run(() => loss(following), CancellationToken.None) : ahead;
                var now = gradients.Backward(parts);
                optimizer.Step(schedule.LearningRateAt(step), schedule.GradientNorm);
                if (!float.IsFinite(now))
                {
                    throw new InvalidOperationException($"{phase}: the loss of step {step} is {now}; lower the learning rate.");
                }

                (state.Running[Sum], state.Running[Count], state.Running[Recent]) = (Running(Sum) + now, Running(Count) + 1, Running(Recent) + now);
                if ((step + 1) % LossEvery == 0)
                {
                    state.Losses.Add(new TrainingLoss(step + 1, Running(Recent) / LossEvery));
                    state.Running[Recent] = 0;
                }

                var perSecond = (step + 1 - begun) * schedule.Batch / time.GetElapsedTime(started).TotalSeconds;
                progress?.Report(new TrainingProgress(phase, step + 1, schedule.Steps, now, perSecond));
            }

            if ((step + 1) % schedule.CheckpointEvery == 0 || step + 1 == schedule.Steps)
            {
                using var guard = no_grad();
                var measured = measure();
                state.Points.Add(new TrainingPoint(step + 1, Running(Sum) / Running(Count), measured, (before + time.GetElapsedTime(started)).TotalSeconds));
                (state.Running[Sum], state.Running[Count]) = (0, 0);
                Save(step + 1);
            }
            else if (saves.IsDue)
            {
                Save(step + 1);
            }
        }

        return new TrainingHistory(state.Losses, state.Points, begun);

        void Save(int done)
        {
            if (done > state.Step)
            {
                state.Trained = before + time.GetElapsedTime(started);
                saves.Save(() => state.Save(fingerprint, done, parameters, optimizer));
            }
        }
    }
}
