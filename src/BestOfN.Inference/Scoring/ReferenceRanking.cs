namespace BestOfN.Inference.Scoring;

/// <summary>Conversations by their scores.</summary>
/// <param name="Order">Indices of the conversations, best first; of equals the earlier first. What the published <c>rank</c>
/// returns.</param>
/// <param name="RankOfEach">For each conversation its place in <paramref name="Order"/>, 0 for the best. What the published documentation
/// describes.</param>
/// <param name="Scores">For each conversation its score.</param>
public sealed record ReferenceRanking(IReadOnlyList<int> Order, IReadOnlyList<int> RankOfEach, IReadOnlyList<double> Scores);
