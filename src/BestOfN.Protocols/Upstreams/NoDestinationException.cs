namespace BestOfN.Protocols.Upstreams;

/// <summary>Every destination of an upstream is unhealthy, or there is none.</summary>
/// <param name="retryAfter">When it is worth asking again.</param>
public sealed class NoDestinationException(TimeSpan retryAfter) : Exception("The upstream has no destination that is available.")
{
    public TimeSpan RetryAfter => retryAfter;
}
