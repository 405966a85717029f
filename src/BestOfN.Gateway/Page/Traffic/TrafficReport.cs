namespace BestOfN.Gateway.Page.Traffic;

/// <summary>What has happened lately.</summary>
/// <param name="Now">Milliseconds since 1970 (UTC) by the gateway's clock.</param>
/// <param name="Total">Requests since the start.</param>
/// <param name="KeepsTexts">Whether questions and answers are kept.</param>
/// <param name="Minutes">The last hour, oldest first; minutes without requests are left out.</param>
/// <param name="Requests">The last requests that the reader does not know yet, oldest first.</param>
internal sealed record TrafficReport(
    long Now, long Total, bool KeepsTexts, IReadOnlyList<TrafficMinute> Minutes, IReadOnlyList<TrafficEntry> Requests);
