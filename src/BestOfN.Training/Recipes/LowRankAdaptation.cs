namespace BestOfN.Training.Recipes;

/// <summary>Trains low-rank changes of wqkv, wo, w1, w2 and w3 of every layer in place of their weights.</summary>
/// <remarks>Hu et al. 2021, LoRA, https://arxiv.org/abs/2106.09685: y = W x + B A dropout(x) · alpha / rank, on all tokens.</remarks>
public sealed record LowRankAdaptation
{
    public required int Rank { get; init; }

    public required double Alpha { get; init; }

    /// <summary>Share of the branch's inputs that is set to zero in training.</summary>
    public double Dropout { get; init; } = 0.05;

    internal double Scale => Alpha / Rank;

    internal void Check(RecipeMistakes mistakes, string field)
    {
        mistakes.Expect(Rank > 0, $"{field}.rank", "at least 1", Rank);
        mistakes.Expect(Alpha is > 0 and < double.PositiveInfinity, $"{field}.alpha", "a positive number", Alpha);
        mistakes.Expect(Dropout is >= 0 and < 1, $"{field}.dropout", "a share in 0..1, less than 1", Dropout);
    }
}
