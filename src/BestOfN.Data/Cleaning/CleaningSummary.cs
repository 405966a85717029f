namespace BestOfN.Data.Cleaning;

/// <param name="Records">All records of the corpus.</param>
/// <param name="Kept">Records that stand in the output.</param>
/// <param name="Reasons">How many records were dropped for each reason; a record may have several.</param>
/// <param name="Capped">Sources in which more would have been dropped than allowed.</param>
public sealed record CleaningSummary(int Records, int Kept, IReadOnlyDictionary<string, int> Reasons, IReadOnlyList<string> Capped)
{
    /// <summary>Records with an answer without a score.</summary>
    public int Unscored { get; init; }

    /// <summary>Records with an answer that is longer than the reward model reads; they are kept.</summary>
    public int TooLong { get; init; }

    /// <summary>Kept records that lost their last answers.</summary>
    public int Edited { get; init; }

    /// <summary>Lines of scores that belong to another content than the corpus has now.</summary>
    public int StaleLines { get; init; }
}
