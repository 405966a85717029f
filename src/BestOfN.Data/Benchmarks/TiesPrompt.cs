namespace BestOfN.Data.Benchmarks;

/// <param name="Reference">The prompt with one correct answer; null where the data lacks it.</param>
/// <param name="Tied">The prompt with several correct answers; null where the data lacks it.</param>
internal sealed record TiesPrompt(TiesMargin? Reference, TiesMargin? Tied);
