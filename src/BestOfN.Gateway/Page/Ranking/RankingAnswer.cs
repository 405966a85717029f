namespace BestOfN.Gateway.Page.Ranking;

/// <summary>Candidates in another order.</summary>
/// <param name="Strategy">The rule.</param>
/// <param name="Selected">Number of the winner.</param>
/// <param name="Ranking">Numbers of the candidates, the best first.</param>
internal sealed record RankingAnswer(string Strategy, int Selected, IReadOnlyList<int> Ranking);
