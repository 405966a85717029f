namespace BestOfN.Data.Benchmarks;

/// <summary>How a comparison of two scores ended: only a strictly greater score wins.</summary>
internal enum Comparison
{
    Won,
    Lost,
    Tied,

    /// <summary>A score is missing, which loses.</summary>
    Unscored,
}
