namespace BestOfN.Protocols.Upstreams;

internal static class HttpResponseMessageExtensions
{
    /// <summary>What the Retry-After header says, in either of its forms; never negative.</summary>
    public static TimeSpan? RetryAfter(this HttpResponseMessage response, TimeProvider time) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow() is { Ticks: > 0 } wait ? wait : TimeSpan.Zero,
        _ => null,
    };
}
