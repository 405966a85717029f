using BestOfN.Training.Optimizers;

namespace BestOfN.Training.Loops;

/// <summary>How long and how fast to train: <see cref="Muon"/> under a linear warm-up and a cosine decay to a tenth.</summary>
public sealed record Schedule
{
    public required int Steps { get; init; }

    /// <summary>Problems per step.</summary>
    public required int Batch { get; init; }

    /// <summary>The highest, reached at the end of the warm-up.</summary>
    public required double LearningRate { get; init; }

    public int WarmupSteps { get; init; } = 100;

    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Second-moment decay of what AdamW moves.</summary>
    public double Beta2 { get; init; } = 0.98;

    /// <summary>Gradients are scaled down to this 2-norm.</summary>
    public double GradientNorm { get; init; } = 1;

    /// <summary>Steps between checkpoints, each with a measurement on held-out problems.</summary>
    public int CheckpointEvery { get; init; } = 500;

    /// <summary>The learning rate of a step, counted from 0.</summary>
    public double LearningRateAt(int step)
    {
        if (step < WarmupSteps)
        {
            return LearningRate * (step + 1) / WarmupSteps;
        }

        var done = (step - WarmupSteps) / (double)Math.Max(1, Steps - WarmupSteps);
        return LearningRate * (0.1 + (0.9 * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, done)))));
    }
}
