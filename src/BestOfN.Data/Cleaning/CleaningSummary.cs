namespace BestOfN.Data.Cleaning;

/// <param name="Records">Of the corpus.</param>
/// <param name="Kept">Those that stand in the output.</param>
/// <param name="Reasons">How many records were dropped for each reason; a record may have several.</param>
/// <param name="Capped">Sources in which more would have been dropped than allowed.</param>
public sealed record CleaningSummary(int Records, int Kept, IReadOnlyDictionary<string, int> Reasons, IReadOnlyList<string> Capped)
{
    /// <summary>Records with an answer without a score.</summary>
    public int Unscored { get; init; }
}
