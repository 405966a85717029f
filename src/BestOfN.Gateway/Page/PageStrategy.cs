namespace BestOfN.Gateway.Page;

/// <summary>A rule that the page may choose.</summary>
/// <param name="Name">What a request calls it.</param>
/// <param name="NeedsScores">Whether it means nothing without a reward model.</param>
internal sealed record PageStrategy(string Name, bool NeedsScores);
