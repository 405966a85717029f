using System.Diagnostics;
using BestOfN.Models.Native;
using static TorchSharp.torch;

namespace BestOfN.Training.Optimization;

/// <summary>Steps, checkpoints, measurements, progress; what is trained is said by two functions.</summary>
/// <param name="phase">What the progress calls it.</param>
/// <param name="schedule">How long and how fast.</param>
/// <param name="parameters">What is trained.</param>
/// <param name="stateFolder">Where checkpoints lie.</param>
internal sealed class TrainingLoop(
    string phase, TrainingSchedule schedule, IReadOnlyList<KeyValuePair<string, Tensor>> parameters, string stateFolder)
{
    private const int LossEvery = 10;

    /// <summary>Trains to the end, from the last checkpoint if there is one.</summary>
    /// <param name="fingerprint">Identity of recipe and data; a checkpoint of another is refused.</param>
    /// <param name="loss">The parts whose sum is the loss of a step, in nats. Depend on the step's number alone, so that a resumed training sees the same data; asked for one step ahead.</param>
    /// <param name="measure">Measurements on held-out problems.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellationToken">Ends the training after the step under way; what was done since the last checkpoint is lost.</param>
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
        var gradients = new SideBySide(parameters);
        var before = state.Points.Count > 0 ? state.Points[^1].Seconds : 0;
        var clock = Stopwatch.StartNew();
        var (sum, count, recent, begun) = (0.0, 0, 0.0, state.Step);
        var ahead = Task.Run(() => loss(state.Step), CancellationToken.None);
        for (var step = state.Step; step < schedule.Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
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

                (sum, count, recent) = (sum + now, count + 1, recent + now);
                if ((step + 1) % LossEvery == 0)
                {
                    state.Losses.Add(new TrainingLoss(step + 1, recent / LossEvery));
                    recent = 0;
                }

                var perSecond = (step + 1 - begun) * schedule.Batch / clock.Elapsed.TotalSeconds;
                progress?.Report(new TrainingProgress(phase, step + 1, schedule.Steps, now, perSecond));
            }

            if ((step + 1) % schedule.CheckpointEvery == 0 || step + 1 == schedule.Steps)
            {
                using var guard = no_grad();
                state.Points.Add(new TrainingPoint(step + 1, sum / count, measure(), before + clock.Elapsed.TotalSeconds));
                state.Save(fingerprint, step + 1, parameters, optimizer);
                (sum, count) = (0, 0);
            }
        }

        return new TrainingHistory(state.Losses, state.Points);
    }
}
