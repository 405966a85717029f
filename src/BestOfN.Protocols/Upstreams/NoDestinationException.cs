namespace BestOfN.Protocols.Upstreams;

/// <summary>Every destination of an upstream is unhealthy, or there is none.</summary>
public sealed class NoDestinationException() : Exception("The upstream has no destination that is available.");
