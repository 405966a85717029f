namespace BestOfN.Gateway.Page;

/// <summary>A model that the page may ask.</summary>
/// <param name="Name">What a request calls it.</param>
/// <param name="State"><c>ready</c>, <c>loading</c> or <c>failed</c>.</param>
/// <param name="Candidates">How many candidates it makes where nobody says a number.</param>
/// <param name="MostCandidates">How many a request may ask for.</param>
/// <param name="Strategy">The rule where nobody names one.</param>
/// <param name="RewardModel">The reward model that scores its candidates; null: none.</param>
/// <param name="ReadsPictures">Whether it may be shown pictures and videos.</param>
internal sealed record PageModel(
    string Name, string State, int Candidates, int MostCandidates, string Strategy, string? RewardModel, bool ReadsPictures);
