using System.Net;
using System.Net.Sockets;

namespace BestOfN.Testing.Upstream;

/// <summary>An address that refuses connections. It is held, so that no other server gets it meanwhile.</summary>
public sealed class ClosedPort : IDisposable
{
    private readonly Socket _held = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ClosedPort() => _held.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public Uri Address => new($"http://{_held.LocalEndPoint}");

    public void Dispose() => _held.Dispose();
}
