using System.ComponentModel.DataAnnotations;

namespace BestOfN.Protocols.Upstreams;

/// <summary>How patiently upstreams are called. All of it ends at the response headers: nothing is retried once tokens flow.</summary>
public sealed record UpstreamOptions
{
    public const string Section = "Upstreams";

    /// <summary>
    /// From the call to the response headers, all attempts and pauses together. A queue at the upstream counts, so it is long.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>From one attempt to its response headers.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Repeated attempts for one client request, shared by all its candidates: they do not multiply with N.</summary>
    [Range(0, 16)]
    public int Retries { get; init; } = 2;

    /// <summary>Pause before the first retry; it doubles, with jitter. An upstream's Retry-After goes first.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause. An upstream that asks for more is not asked again: its answer is relayed.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The most bytes of one candidate's answer, and of one event of a stream. All candidates of a client request together may have four
    /// times as many, and so may a body that is not streamed.
    /// </summary>
    [Range(1024, 1L << 30)]
    public long MaxAnswerBytes { get; init; } = 32 << 20;

    /// <summary>
    /// Calls within 30 seconds from which the circuit of a destination opens when half of them fail: no connection, a lost one, no answer
    /// in time, or 502 to 504.
    /// </summary>
    [Range(2, 10_000)]
    public int CircuitMinimumCalls { get; init; } = 10;

    /// <summary>How long an open circuit keeps calls away from its destination.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00")]
    public TimeSpan CircuitBreak { get; init; } = TimeSpan.FromSeconds(5);
}
