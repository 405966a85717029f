namespace BestOfN.Training.Recipes;

/// <summary>How the best and the worst answer of a group are compared (DPO).</summary>
public sealed record PolicyPairs
{
    /// <summary>Scale of the difference of log-probabilities.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>Share of pairs that are taken to be the wrong way round.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Weight of imitating the better answer, against a falling likelihood of both.</summary>
    public double Imitation { get; init; } = 0.2;

    /// <summary><c>dpo</c> or <c>ipo</c>.</summary>
    public string Loss { get; init; } = "dpo";

    /// <summary>Least difference of the scores of a pair.</summary>
    public double MinMargin { get; init; }

    /// <summary>A pair is dropped where the better answer has more than this many times the tokens of the worse.</summary>
    public double MaxLengthRatio { get; init; } = 1.5;

    internal void Check(RecipeMistakes mistakes)
    {
        mistakes.Expect(Beta is > 0 and < 100, "pairs.beta", "a number above 0", Beta);
        mistakes.Expect(LabelSmoothing is >= 0 and <= 0.5, "pairs.label_smoothing", "a share in 0..0.5", LabelSmoothing);
        mistakes.Expect(Imitation is >= 0 and < 100, "pairs.imitation", "0 or more", Imitation);
        mistakes.Expect(Loss is "dpo" or "ipo", "pairs.loss", "dpo or ipo", Loss);
        mistakes.Expect(MinMargin is >= 0 and < 1e6, "pairs.min_margin", "0 or more", MinMargin);
        mistakes.Expect(MaxLengthRatio > 0, "pairs.max_length_ratio", "a number above 0", MaxLengthRatio);
    }
}
