namespace BestOfN.Protocols.Upstreams;

/// <summary>An answer whose headers have come. Disposing it closes the connection if the body is not read to its end.</summary>
public sealed class UpstreamResponse(HttpResponseMessage message, IUpstreamDestination destination) : IDisposable
{
    public HttpResponseMessage Message => message;

    /// <inheritdoc cref="IUpstreamDestination.Report"/>
    public void Report(bool served) => destination.Report(served);

    public void Dispose()
    {
        message.Dispose();
        destination.Dispose();
    }
}
