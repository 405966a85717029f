namespace BestOfN.Inference.Generation;

/// <summary>One answer drawn in bulk.</summary>
/// <param name="Ids">Without the end token.</param>
/// <param name="IsComplete">An end token was drawn; false where the length ran out.</param>
public sealed record BulkSample(int[] Ids, bool IsComplete);
