namespace BestOfN.Data.Cleaning;

/// <summary>What was decided about a source.</summary>
/// <param name="Statistics">Usual scores in it.</param>
/// <param name="IsPooled">It is small and takes shape and spread from all sources together.</param>
/// <param name="IsTooFew">It is too small for anything to be dropped.</param>
/// <param name="Records">Records with scores.</param>
/// <param name="Candidates">Records that the rule would drop.</param>
/// <param name="IsCapped">The cap kept some of them.</param>
/// <param name="LimitZ">The rule drops below this z; null: it goes by something else.</param>
internal sealed record SourceDecision(
    SourceStatistics Statistics, bool IsPooled, bool IsTooFew, int Records, int Candidates, bool IsCapped, double? LimitZ);
