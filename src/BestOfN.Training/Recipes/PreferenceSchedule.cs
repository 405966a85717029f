namespace BestOfN.Training.Recipes;

/// <summary>How long and how fast: AdamW under a linear warm-up and a cosine decay to zero, as the released training.</summary>
public sealed record PreferenceSchedule
{
    /// <summary>How often as many pairs as there are in all sets are drawn. Not read where <see cref="Steps"/> is set.</summary>
    public double Epochs { get; init; } = 1;

    /// <summary>Steps in all; null: as <see cref="Epochs"/> says.</summary>
    public int? Steps { get; init; }

    /// <summary>Pairs per step.</summary>
    public int Batch { get; init; } = 256;

    /// <summary>Pairs that go through the network together; gradients of a step's batch are accumulated over such parts.</summary>
    public int PairsAtOnce { get; init; } = 1;

    /// <summary>The highest, reached at the end of the warm-up.</summary>
    public double LearningRate { get; init; } = 1e-5;

    /// <summary>Share of the steps in which the learning rate rises.</summary>
    public double WarmupRatio { get; init; } = 0.01;

    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Second-moment decay of AdamW.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Gradients are scaled down to this 2-norm.</summary>
    public double GradientNorm { get; init; } = 1;

    /// <summary>Steps between checkpoints, each with a measurement on held-out pairs.</summary>
    public int CheckpointEvery { get; init; } = 100;

    /// <summary>The number of steps for so many pairs.</summary>
    public int StepsFor(long pairs) => Steps ?? (int)Math.Max(1, Math.Ceiling(Epochs * pairs / Batch));

    /// <summary>The learning rate of a step, counted from 0.</summary>
    public double LearningRateAt(int step, int steps)
    {
        var warmup = (int)Math.Ceiling(WarmupRatio * steps);
        if (step < warmup)
        {
            return LearningRate * (step + 1) / warmup;
        }

        return LearningRate * 0.5 * (1 + Math.Cos(Math.PI * (step - warmup) / Math.Max(1, steps - warmup)));
    }
}
