namespace BestOfN.Inference.Generation;

/// <summary>One answer drawn in bulk.</summary>
/// <param name="Ids">Without the end token.</param>
/// <param name="IsComplete">An end token was drawn; false where the length ran out.</param>
public sealed record BulkSample(int[] Ids, bool IsComplete)
{
    /// <summary>The end token that was drawn; null where there is none.</summary>
    public int? EndToken { get; init; }

    /// <summary>ln p of every token, the end token's too, before temperature and filters; empty where they were not asked for.</summary>
    public IReadOnlyList<double> Logprobs { get; init; } = [];
}
