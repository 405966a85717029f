namespace BestOfN.Training.Recipes;

/// <summary>How long and how fast to train: the learning rate rises along a line in the warm-up, then falls along half a cosine.</summary>
/// <remarks>A recipe has defaults of its own; a recipe file changes only the fields that it names.</remarks>
public sealed record Schedule
{
    /// <summary>Steps in all; null: as many as <see cref="Epochs"/> takes.</summary>
    public int? Steps { get; init; }

    /// <summary>How often all examples are drawn, where there is a finite number of them and <see cref="Steps"/> is null.</summary>
    public double? Epochs { get; init; }

    /// <summary>Examples per step.</summary>
    public int Batch { get; init; }

    /// <summary>The highest learning rate, reached at the end of the warm-up.</summary>
    public double LearningRate { get; init; }

    /// <summary>Length of the warm-up: a number of steps, or, below 1, a share of all steps.</summary>
    public double Warmup { get; init; }

    /// <summary>Share of the highest learning rate that is left at the end.</summary>
    public double FinalShare { get; init; }

    /// <summary>Matrices decay by this much of the learning rate at every step, vectors do not.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Second-moment decay of AdamW.</summary>
    public double Beta2 { get; init; } = 0.98;

    /// <summary>Larger gradients are scaled down to this 2-norm.</summary>
    public double GradientNorm { get; init; } = 1;

    /// <summary>Steps between checkpoints, each with a measurement on held-out data.</summary>
    public int CheckpointEvery { get; init; } = 100;

    /// <summary>The number of steps that a training on so many examples has.</summary>
    public int StepsFor(long examples) => Steps ?? (int)Math.Max(1, Math.Ceiling((Epochs ?? 1) * examples / Batch));

    /// <summary>The learning rate of a step, counted from 0.</summary>
    public double LearningRateAt(int step, int steps)
    {
        var warmup = (int)Math.Ceiling(Warmup < 1 ? Warmup * steps : Warmup);
        if (step < warmup)
        {
            return LearningRate * (step + 1) / warmup;
        }

        var done = (step - warmup) / (double)Math.Max(1, steps - warmup);
        return LearningRate * (FinalShare + ((1 - FinalShare) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, done)))));
    }

    /// <param name="mistakes">Where mistakes are told.</param>
    /// <param name="field">What the recipe calls this schedule.</param>
    /// <param name="needsSteps">Before the training nobody knows how many examples there are, so epochs cannot tell its length.</param>
    internal void Check(RecipeMistakes mistakes, string field, bool needsSteps)
    {
        mistakes.Expect(Steps > 0 || (Steps is null && !needsSteps), $"{field}.steps", "at least 1", Steps);
        mistakes.Expect(Epochs is null || !needsSteps, $"{field}.epochs", "nothing here, for steps tells the length", Epochs);
        mistakes.Expect(Epochs is null or (> 0 and < 1e6), $"{field}.epochs", "a number above 0", Epochs);
        mistakes.Expect(Batch > 0, $"{field}.batch", "at least 1", Batch);
        mistakes.Expect(LearningRate is > 0 and < 10, $"{field}.learning_rate", "a number above 0 and below 10", LearningRate);
        mistakes.Expect(Warmup is >= 0 and < 1e9, $"{field}.warmup", "a number of steps, or a share of them below 1", Warmup);
        mistakes.Expect(FinalShare is >= 0 and <= 1, $"{field}.final_share", "a share in 0..1", FinalShare);
        mistakes.Expect(WeightDecay is >= 0 and < 1e3, $"{field}.weight_decay", "0 or more", WeightDecay);
        mistakes.Expect(Beta2 is > 0 and < 1, $"{field}.beta2", "a number between 0 and 1", Beta2);
        mistakes.Expect(GradientNorm > 0, $"{field}.gradient_norm", "a number above 0", GradientNorm);
        mistakes.Expect(CheckpointEvery > 0, $"{field}.checkpoint_every", "at least 1 step", CheckpointEvery);
    }
}
