namespace BestOfN.Models.Generation;

/// <summary>An answer as token ids, without the end token.</summary>
/// <param name="Ids">Tokens drawn.</param>
/// <param name="Ended">False where the limit cut it.</param>
public sealed record SampledAnswer(IReadOnlyList<int> Ids, bool Ended);
