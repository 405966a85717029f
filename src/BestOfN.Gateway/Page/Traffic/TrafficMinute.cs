namespace BestOfN.Gateway.Page.Traffic;

/// <summary>Requests of one minute.</summary>
/// <param name="Minute">Minutes since 1970 (UTC).</param>
/// <param name="Requests">All that ended in it.</param>
/// <param name="Failed">Those without an answer.</param>
internal readonly record struct TrafficMinute(long Minute, int Requests, int Failed);
