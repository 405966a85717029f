namespace BestOfN.Training.Recipes;

/// <summary>When a training ends before its last step.</summary>
public sealed record PolicyStop
{
    /// <summary>Measurements in a row without a better one.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Divergence from the reference in nats per 100 tokens of an answer.</summary>
    public double KlPer100Tokens { get; init; } = 10;

    /// <summary>Entropy as a share of that of the first steps.</summary>
    public double EntropyShare { get; init; } = 0.1;

    /// <summary>Measurements in a row in which the score rises while accuracy falls: the reward model is deceived.</summary>
    public int Hacking { get; init; } = 3;

    internal void Check(RecipeMistakes mistakes)
    {
        mistakes.AtLeast(1, "stop.patience", Patience);
        mistakes.Expect(KlPer100Tokens > 0, "stop.kl_per100_tokens", "a number above 0", KlPer100Tokens);
        mistakes.Expect(EntropyShare is >= 0 and < 1, "stop.entropy_share", "a share in 0..1, less than 1", EntropyShare);
        mistakes.AtLeast(1, "stop.hacking", Hacking);
    }
}
