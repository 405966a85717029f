namespace BestOfN.Protocols.Upstreams;

/// <summary>The replicas behind one upstream. The host knows which are healthy and picks the next one; a protocol only asks.</summary>
/// <remarks>Thread-safe.</remarks>
public interface IUpstreamDestinations
{
    /// <summary>The destination for the next call, counted as busy until it is disposed.</summary>
    /// <param name="avoid">Names that already failed this call: taken only if there is no other.</param>
    /// <returns>Null if none is available.</returns>
    IUpstreamDestination? Acquire(IReadOnlyCollection<string> avoid);
}
