using BestOfN.Training.Policy.Objectives;

namespace BestOfN.Training.Recipes;

/// <summary>The loss of grpo and ppo.</summary>
public sealed record PolicyLossOptions
{
    private static readonly Dictionary<string, AdvantageKind> s_advantages = new(StringComparer.Ordinal)
    {
        ["grpo"] = AdvantageKind.Grpo, ["dr_grpo"] = AdvantageKind.DrGrpo, ["rloo"] = AdvantageKind.Rloo,
        ["batch_std"] = AdvantageKind.BatchStd, ["reinforce_plus_plus"] = AdvantageKind.ReinforcePlusPlus,
    };

    private static readonly Dictionary<string, LossAggregation> s_aggregations = new(StringComparer.Ordinal)
    {
        ["token_mean"] = LossAggregation.TokenMean, ["seq_mean_token_mean"] = LossAggregation.SeqMeanTokenMean,
        ["seq_mean_token_sum"] = LossAggregation.SeqMeanTokenSum, ["constant"] = LossAggregation.Constant,
    };

    /// <summary>What a score is compared with: <c>grpo</c>, <c>dr_grpo</c>, <c>rloo</c>, <c>batch_std</c> or <c>reinforce_plus_plus</c>.
    /// Not read where there is a critic.</summary>
    public string Advantage { get; init; } = "batch_std";

    /// <summary><c>token_mean</c>, <c>seq_mean_token_mean</c>, <c>seq_mean_token_sum</c> or <c>constant</c>.</summary>
    public string Aggregation { get; init; } = "token_mean";

    /// <summary><c>sampling</c>: the ratio is against the policy that sampled. <c>reference</c>: against the reference, as the paper prints
    /// it.</summary>
    public string Ratio { get; init; } = "sampling";

    /// <summary>How far the ratio may fall below 1.</summary>
    public double ClipLow { get; init; } = 0.2;

    /// <summary>How far the ratio may rise above 1; DAPO has 0.28.</summary>
    public double ClipHigh { get; init; } = 0.28;

    /// <summary>Bound of the loss of a bad answer, as a multiple of its advantage; null: none.</summary>
    public double? DualClip { get; init; }

    /// <summary>Coefficient of the entropy bonus.</summary>
    public double Entropy { get; init; }

    internal AdvantageKind ParsedAdvantage => s_advantages[Advantage];

    internal LossAggregation ParsedAggregation => s_aggregations[Aggregation];

    internal bool IsAgainstReference => Ratio == "reference";

    internal void Check(RecipeMistakes mistakes)
    {
        mistakes.Expect(s_advantages.ContainsKey(Advantage), "loss.advantage", string.Join(", ", s_advantages.Keys), Advantage);
        mistakes.Expect(s_aggregations.ContainsKey(Aggregation), "loss.aggregation", string.Join(", ", s_aggregations.Keys), Aggregation);
        mistakes.Expect(Ratio is "sampling" or "reference", "loss.ratio", "sampling or reference", Ratio);
        mistakes.Expect(ClipLow is > 0 and < 1, "loss.clip_low", "a number between 0 and 1", ClipLow);
        mistakes.Expect(ClipHigh is > 0 and < 100, "loss.clip_high", "a number above 0", ClipHigh);
        mistakes.Expect(DualClip is null or > 1, "loss.dual_clip", "a number above 1, or nothing", DualClip);
        mistakes.Expect(Entropy is >= 0 and < 100, "loss.entropy", "0 or more", Entropy);
    }
}
